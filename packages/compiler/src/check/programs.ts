import { Project, ts } from "ts-morph";
import { createDiagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { projectPath } from "../files/paths.ts";
import { readTsconfigs } from "../typescript/tsconfig.ts";

interface LoadedProject {
  /** One program for each tsconfig that has files of its own, referenced projects first. */
  readonly programs: readonly ts.Program[];
  /** Problems of the configuration. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Creates the programs of a tsconfig and of all its references, with the TypeScript API that ts-morph includes. ts-morph's own `Project`
 * supports neither references nor the module format of a file under `nodenext`. Imports would not resolve, and would have no types to check.
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

/** Errors about options that another version of TypeScript may know: 5023 unknown, 5025 misspelled, 6046 with an unknown value. */
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
  // before version 6, TypeScript includes all of @types by default
  const options: ts.CompilerOptions = { ...given, noEmit: true, skipLibCheck: true, types: given.types ?? ["*"] };
  const standard = ts.createCompilerHost(options);
  const host: ts.CompilerHost & { useSourceOfProjectReferenceRedirect(): boolean } = {
    ...standard,
    getDefaultLibLocation: () => LIBRARY,
    getDefaultLibFileName: (options) => `${LIBRARY}/${ts.getDefaultLibFileName(options)}`,
    getSourceFile: (fileName, how) =>
      files(fileName, options, typeof how === "object" ? how : { languageVersion: how }),
    // referenced projects need not be built
    useSourceOfProjectReferenceRedirect: () => true,
  };
  return ts.createProgram({ rootNames: fileNames, options, host, ...(projectReferences && { projectReferences }) });
}

/** The in-memory directory where ts-morph keeps TypeScript's library. */
const LIBRARY = "/node_modules/typescript/lib";

/** Parses each file once for all programs with equivalent options. */
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
