import type { PluginBuild } from "esbuild";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import type { UnpluginBuildContext } from "unplugin";
import type { BundlerResolve } from "../../project/links/resolve.ts";

/** The part of Rollup's plugin context that Rolldown and Vite have too. */
interface RollupContext {
  resolve(
    specifier: string,
    importer: string,
  ): Promise<{ readonly id: string; readonly external?: boolean | "absolute" | "relative" } | null>;
}

const isRollupContext = (context: object): context is RollupContext =>
  "resolve" in context && typeof context.resolve === "function";

/** The resolver of webpack and Rspack. */
interface WebpackResolver {
  resolve(
    context: object,
    directory: string,
    request: string,
    resolveContext: object,
    callback: (error: unknown, path?: string | false) => void,
  ): void;
}

/** The resolver of a bundler that gives it to its plugins. Bun does not. */
export function resolverOf(
  context: Pick<UnpluginBuildContext, "getNativeBuildContext">,
  root: string,
): BundlerResolve | undefined {
  if (isRollupContext(context))
    return async (specifier, importer) => {
      const found = await context.resolve(specifier, importer);
      return found === null || (found.external ?? false) !== false ? undefined : found.id;
    };
  const native = context.getNativeBuildContext?.();
  switch (native?.framework) {
    case "webpack":
    case "rspack":
      return inWebpack(native.compiler.resolverFactory.get("normal", { dependencyType: "esm" }));
    case "farm":
      return async (specifier, importer) => {
        const request = { source: specifier, importer: relative(root, importer), kind: "import" };
        const found = await native.context.resolve(request, { meta: {}, caller: "perdure" }).catch(() => undefined);
        return found && found.external !== true ? resolve(root, found.resolvedPath) : undefined;
      };
    default:
      return undefined;
  }
}

const inWebpack =
  (resolver: WebpackResolver): BundlerResolve =>
  async (specifier, importer) =>
    // a request with loaders is not for the resolver
    specifier.includes("!")
      ? undefined
      : new Promise((found) =>
          resolver.resolve({}, dirname(importer), specifier, {}, (error, path) =>
            found(error || typeof path !== "string" ? undefined : path),
          ),
        );

export const inEsbuild =
  (build: PluginBuild): BundlerResolve =>
  async (specifier, importer) => {
    const options = { importer, namespace: "file", resolveDir: dirname(importer), kind: "import-statement" } as const;
    const { path, external, namespace, errors } = await build.resolve(specifier, options);
    return errors.length > 0 || external || namespace !== "file" || !isAbsolute(path) ? undefined : path;
  };
