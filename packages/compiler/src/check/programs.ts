import { Project, ts } from "ts-morph";
import { createDiagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { projectPath } from "../files/paths.ts";
import { readTsconfigs } from "../typescript/tsconfig.ts";

interface LoadedProject {
  /** One for each tsconfig that has files of its own, those that are referred to first. */
  readonly programs: readonly ts.Program[];
  /** What is wrong with the configuration. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The programs of a tsconfig and of all its references. They are made with TypeScript's own API, which ts-morph brings along: ts-morph's
 * `Project` knows neither references nor the module format of a file under `nodenext`, and what does not resolve has no type to check.
 */
export function loadProject(tsconfig: string, root: string): LoadedProject {
  const configs = readTsconfigs([tsconfig]);
  const files = sharedFiles();
  return {
    programs: configs.flatMap(({ parsed }) =>
      parsed && parsed.fileNames.length > 0 ? [createProgram(parsed, files)] : [],
    ),
    diagnostics: configs.flatMap(({ path, problems }) =>
      problems.filter(({ code }) => !foreignOptions.has(code)).map((each) => configDiagnostic(each, path, root)),
    ),
  };
}

/** Options that another version of TypeScript may know: 5023 unknown, 5025 misspelt, 6046 with an unknown value. */
const foreignOptions = new Set([5023, 5025, 6046]);

function configDiagnostic(
  { file, start = 0, length = 0, messageText }: ts.Diagnostic,
  tsconfig: string,
  root: string,
): Diagnostic {
  const path = file?.fileName ?? tsconfig;
  const detail = ts.flattenDiagnosticMessageText(messageText, " ").replaceAll(`${root}/`, "").replace(/\.$/, "");
  return createDiagnostic(
    { file: projectPath(root, path), source: file?.text ?? "" },
    "TSCONFIG_INVALID",
    { detail },
    { start, end: start + length },
  );
}

type SourceFiles = (
  fileName: string,
  options: ts.CompilerOptions,
  how: ts.CreateSourceFileOptions,
) => ts.SourceFile | undefined;

function createProgram(
  { fileNames, options: given, projectReferences }: ts.ParsedCommandLine,
  files: SourceFiles,
): ts.Program {
  // TypeScript before 6 takes in all of @types by itself
  const options: ts.CompilerOptions = { ...given, noEmit: true, skipLibCheck: true, types: given.types ?? ["*"] };
  const standard = ts.createCompilerHost(options);
  const host: ts.CompilerHost & { useSourceOfProjectReferenceRedirect(): boolean } = {
    ...standard,
    getDefaultLibLocation: () => LIBRARY,
    getDefaultLibFileName: (options) => `${LIBRARY}/${ts.getDefaultLibFileName(options)}`,
    getSourceFile: (fileName, how) =>
      files(fileName, options, typeof how === "object" ? how : { languageVersion: how }),
    // packages that are referred to need not be built
    useSourceOfProjectReferenceRedirect: () => true,
  };
  return ts.createProgram({ rootNames: fileNames, options, host, ...(projectReferences && { projectReferences }) });
}

/** Where ts-morph keeps TypeScript's library, in memory. */
const LIBRARY = "/node_modules/typescript/lib";

/** Files that are parsed once for all programs that read them alike. */
function sharedFiles(): SourceFiles {
  const library = new Project({ useInMemoryFileSystem: true }).getModuleResolutionHost();
  const registry = ts.createDocumentRegistry();
  const parsed = new Map<string, ts.SourceFile | undefined>();
  return (fileName, options, how) => {
    const key = JSON.stringify([
      registry.getKeyForCompilationSettings(options),
      how.languageVersion,
      how.impliedNodeFormat,
      fileName,
    ]);
    if (!parsed.has(key)) {
      const text = fileName.startsWith(`${LIBRARY}/`) ? library.readFile?.(fileName) : ts.sys.readFile(fileName);
      parsed.set(key, text === undefined ? undefined : ts.createSourceFile(fileName, text, how));
    }
    return parsed.get(key);
  };
}
