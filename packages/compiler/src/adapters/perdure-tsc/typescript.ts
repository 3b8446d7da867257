import { ts } from "ts-morph";

/** TypeScript's own reading of command lines and tsconfig files. It compiles nothing here: the project's own compiler does. */
export { ts };

export interface Config {
  /** Path of the tsconfig. */
  readonly path: string;
  readonly options: ts.CompilerOptions;
  readonly files: readonly string[];
  /** Paths of the tsconfigs that it refers to. */
  readonly references: readonly string[];
}

/** `undefined` when it cannot be read; the compiler then says why. */
export function readConfig(path: string, overrides: ts.CompilerOptions): Config | undefined {
  const host: ts.ParseConfigFileHost = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const parsed = ts.getParsedCommandLineOfConfigFile(path, overrides, host);
  if (!parsed) return undefined;
  const { options, fileNames, projectReferences = [] } = parsed;
  return {
    path,
    options,
    files: fileNames,
    references: projectReferences.map((each) => ts.resolveProjectReferencePath(each)),
  };
}
