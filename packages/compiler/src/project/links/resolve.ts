import { isAbsolute } from "node:path";
import { ResolverFactory } from "oxc-resolver";
import { isInstalled, isScript, isSource, pathOf } from "../../files/paths.ts";

/**
 * Finds the file that an import resolves to, if it belongs to the project or to a package that may hold durable functions. `undefined` for other
 * packages, built-in modules and missing files.
 */
export type Resolve = (specifier: string, importer: string) => string | undefined;

const typescriptFirst = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];

/** Finds what the bundler resolves an import to: the id of a module. `undefined` if it finds none. */
export type BundlerResolve = (specifier: string, importer: string) => Promise<string | undefined>;

export interface Resolver extends Resolve {
  /** Whether an import that leads to no project file leads to something else: a package, a style sheet. */
  finds(specifier: string, importer: string): boolean;
  clear(): void;
}

/**
 * Resolves in the same way for every bundler, so that the bundler does not affect which functions are durable.
 *
 * @param follows - whether a file of an installed package may hold durable functions
 */
export function createResolve(follows: (path: string) => boolean): Resolver {
  const factory = new ResolverFactory({
    tsconfig: "auto",
    conditionNames: ["import", "module", "node", "default"],
    mainFields: ["module", "main"],
    extensions: typescriptFirst,
    extensionAlias: {
      ".js": [".ts", ".tsx", ".js", ".jsx"],
      ".jsx": [".tsx", ".jsx"],
      ".mjs": [".mts", ".mjs"],
      ".cjs": [".cts", ".cjs"],
    },
    builtinModules: true,
  });
  const resolve: Resolve = (specifier, importer) => {
    const request = pathOf(specifier);
    if (specifier.startsWith("\0") || request === "" || !isAbsolute(importer)) return undefined;
    const path = factory.resolveFileSync(importer, request).path;
    const isRead = path !== undefined && isSource(path) && (!isInstalled(path) || follows(path));
    return isRead ? pathOf(path) : undefined;
  };
  const finds = (specifier: string, importer: string): boolean =>
    isAbsolute(importer) && factory.resolveFileSync(importer, pathOf(specifier)).path !== undefined;
  return Object.assign(resolve, { finds, clear: () => factory.clearCache() });
}

/** Resolves like Node itself, for what a build leaves external. */
export function createNodeResolve(): Resolve {
  const factory = new ResolverFactory({
    conditionNames: ["node", "import", "module-sync", "default"],
    mainFields: ["main"],
    extensions: [".js", ".json", ".node"],
    builtinModules: true,
  });
  return (specifier, importer) => {
    const { path } = factory.resolveFileSync(importer, specifier);
    return path !== undefined && isScript(path) ? pathOf(path) : undefined;
  };
}
