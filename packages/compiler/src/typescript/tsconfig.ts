import { dirname, resolve } from "node:path";
import { ts } from "ts-morph";

/** A tsconfig with everything it inherits, as TypeScript reads it. */
export interface Tsconfig {
  readonly path: string;
  /** `undefined` if the file cannot be read. */
  readonly parsed: ts.ParsedCommandLine | undefined;
  readonly problems: readonly ts.Diagnostic[];
}

/** @param overrides - options from a command line */
export function readTsconfig(path: string, overrides: ts.CompilerOptions = {}): Tsconfig {
  const fatal: ts.Diagnostic[] = [];
  const host: ts.ParseConfigFileHost = {
    ...ts.sys,
    getCurrentDirectory: () => dirname(path),
    onUnRecoverableConfigFileDiagnostic: (each) => void fatal.push(each),
  };
  const parsed = ts.getParsedCommandLineOfConfigFile(path, overrides, host);
  return { path, parsed, problems: [...fatal, ...(parsed?.errors ?? [])] };
}

/** These tsconfigs and all their references. Each comes after its references. */
export function readTsconfigs(roots: readonly string[], overrides: ts.CompilerOptions = {}): Tsconfig[] {
  const seen = new Set<string>();
  const read = (path: string): Tsconfig[] => {
    if (seen.has(path)) return [];
    seen.add(path); // references can be circular
    const own = readTsconfig(path, overrides);
    const references = own.parsed?.projectReferences ?? [];
    return [...references.flatMap((each) => read(ts.resolveProjectReferencePath(each))), own];
  };
  return roots.flatMap(read);
}

/** The path of a tsconfig, given as a file or as its directory. */
export const tsconfigPath = (path: string): string =>
  resolve(path, ts.sys.directoryExists(resolve(path)) ? "tsconfig.json" : "");
