import type { BuildOptions, Loader, OnEndResult, PartialMessage, PluginBuild } from "esbuild";
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import type { CompileResult } from "../../compile/compile.ts";
import { formatDiagnostic, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { passes, scripts } from "../../files/filter.ts";
import { nodeHost } from "../../project/host.ts";
import { addToEsbuild } from "../session/manifest-file.ts";
import { diagnosticsOf, type Session } from "../session/session.ts";
import { inverse } from "./graph.ts";
import { inputs, isAlone } from "./metafile.ts";
import { importsOf } from "./package-names.ts";

/**
 * Registers its own load callback instead of unplugin's. This one returns nothing for an unchanged file, so that other plugins can still load
 * the file. It also passes the source line of each message to esbuild.
 */
export function esbuildSetup(build: PluginBuild, session: Session): void {
  const { initialOptions } = build;
  session.rootedAt(initialOptions.absWorkingDir);
  session.forBrowser = isForBrowser(initialOptions);
  initialOptions.metafile = true;
  build.onStart(() => {
    session.restart();
    session.typeCheck.start(session.root, false);
  });
  build.onEnd(async (result) => {
    const { errors, metafile } = result;
    if (errors.length > 0 || !metafile) return session.typeCheck.stop();
    const paths = inputs(metafile, initialOptions.absWorkingDir);
    // must precede the manifest, which compiles the modules that were not loaded here
    const overlooked = isAlone(initialOptions.plugins) ? session.overlooked(paths) : [];
    const file = session.emitManifest(paths);
    if (file) addToEsbuild(file, initialOptions, result);
    const uncompiled = session.forBrowser ? [] : session.notCompiled(paths);
    return endOf([...overlooked, ...uncompiled, ...(await session.typeCheck.finish())], session.root);
  });
  bundlePackages(build, session);
  build.onLoad(
    { filter: session.options.include === undefined ? scripts : /.*/, namespace: "file" },
    async ({ path }) => {
      if (!passes(session.filter, path)) return undefined;
      const source = await readFile(path, "utf8");
      try {
        if (session.forBrowser) return void session.refuseInBrowser(source, path, () => inverse(session.importEdges()));
        const result = session.compile(source, path);
        return (
          result && {
            contents: withMap(result),
            loader: loaderOf(path),
            warnings: messages(result.diagnostics, source),
            watchFiles: session.watched(path),
          }
        );
      } catch (error) {
        return { errors: messages(diagnosticsOf(error), source), watchFiles: [path, ...session.watched(path)] };
      }
    },
  );
}

/** The packages to compile are bundled even if all packages are external (`packages: "external"`). */
function bundlePackages({ initialOptions, onResolve }: PluginBuild, { options, project }: Session): void {
  const filter = importsOf(options.packages);
  if (!filter || initialOptions.bundle !== true) return;
  onResolve({ filter, namespace: "file" }, ({ path, importer }) => {
    const found = project.resolve(path, importer);
    return found === undefined ? undefined : { path: found };
  });
}

/** esbuild's default platform is the browser. Without bundling, the default has no effect and does not count. */
const isForBrowser = ({ platform, bundle }: BuildOptions): boolean =>
  platform === "browser" || (platform === undefined && bundle === true);

function endOf(found: readonly Diagnostic[], root: string): OnEndResult {
  const of = (severity: Diagnostic["severity"]): PartialMessage[] =>
    found
      .filter((each) => each.severity === severity)
      .map((each) => withHint(toMessage(each, nodeHost.readFile(resolve(root, each.file)) ?? ""), each));
  return { errors: of("error"), warnings: of("warning") };
}

/** esbuild prints no notes of messages that come at the end: only the text is in the error of the build. */
const withHint = (message: PartialMessage, { hint }: Diagnostic): PartialMessage => ({
  ...message,
  text: `${message.text}\n  → ${hint}`,
});

const withMap = ({ code, map }: CompileResult): string => `${code}\n//# sourceMappingURL=${map.toUrl()}`;

const loaders: Readonly<Record<string, Loader>> = { ".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx" };
const loaderOf = (path: string): Loader => loaders[extname(path)] ?? "jsx";

const messages = (diagnostics: readonly Diagnostic[], source: string): PartialMessage[] =>
  diagnostics.map((each) => toMessage(each, source));

function toMessage(diagnostic: Diagnostic, source: string): PartialMessage {
  const { message, code, file, line, column, start, end, hint } = diagnostic;
  const lineText = source.replace(/^\uFEFF/, "").split(/\r\n|[\n\r\u2028\u2029]/)[line - 1] ?? "";
  const length = Math.min(end - start, lineText.length - column + 1);
  return {
    text: `${message} (${code})`,
    location: { file, line, column: utf8Length(lineText.slice(0, column - 1)), length, lineText },
    notes: [{ text: hint }],
    detail: formatDiagnostic(diagnostic),
  };
}

/** esbuild counts columns in bytes. */
const utf8Length = (text: string): number => Buffer.byteLength(text);
