import { createDiagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { dirname, resolve } from "node:path";
import { Project, ts } from "ts-morph";
import { projectPath } from "../files/paths.ts";

export { ts };

export interface LoadedProject {
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
  const diagnostics: Diagnostic[] = [];
  const configs = new Map<string, ts.ParsedCommandLine | undefined>();
  const read = (path: string): void => {
    if (configs.has(path)) return;
    configs.set(path, undefined); // references may lead in circles
    const { parsed, problems } = readConfig(path);
    diagnostics.push(...problems.map((problem) => configDiagnostic(problem, path, root)));
    for (const reference of parsed?.projectReferences ?? []) read(ts.resolveProjectReferencePath(reference));
    configs.delete(path);
    configs.set(path, parsed);
  };
  read(tsconfig);
  const host = sharedFiles();
  const programs = [...configs.values()].flatMap((config) =>
    config && config.fileNames.length > 0 ? [createProgram(config, host)] : [],
  );
  return { programs, diagnostics };
}

/** Options that another version of TypeScript may know: 5023 unknown, 5025 misspelt, 6046 with an unknown value. */
const foreignOptions = new Set([5023, 5025, 6046]);

function readConfig(path: string): {
  readonly parsed: ts.ParsedCommandLine | undefined;
  readonly problems: readonly ts.Diagnostic[];
} {
  const fatal: ts.Diagnostic[] = [];
  const host: ts.ParseConfigFileHost = {
    ...ts.sys,
    getCurrentDirectory: () => dirname(path),
    onUnRecoverableConfigFileDiagnostic: (each) => void fatal.push(each),
  };
  const parsed = ts.getParsedCommandLineOfConfigFile(path, {}, host);
  return { parsed, problems: [...fatal, ...(parsed?.errors ?? []).filter(({ code }) => !foreignOptions.has(code))] };
}

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

/** The path of a tsconfig, given as a file or as the directory that holds it. */
export const tsconfigPath = (path: string): string =>
  resolve(path, ts.sys.directoryExists(resolve(path)) ? "tsconfig.json" : "");
