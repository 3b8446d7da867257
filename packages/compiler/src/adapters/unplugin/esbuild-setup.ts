import type { BuildOptions, BuildResult, Loader, Message, OnEndResult, PartialMessage, PluginBuild } from "esbuild";
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import type { CompileResult } from "../../compile/compile.ts";
import { formatDiagnostic, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { importsOf, passes, scripts } from "../../files/filter.ts";
import { pathOf } from "../../files/paths.ts";
import { nodeHost } from "../../project/host.ts";
import { addToEsbuild } from "../session/manifest-file.ts";
import { diagnosticsOf, type Session } from "../session/session.ts";
import { inEsbuild } from "./bundler-resolve.ts";
import { inverse } from "./graph.ts";
import { imports, inputs, isAlone } from "./metafile.ts";

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
    if (errors.length > 0 || !metafile) {
      session.typeCheck.stop();
      return endOf(inFailed(errors, session, initialOptions.absWorkingDir), session.root, build);
    }
    const paths = inputs(metafile, initialOptions.absWorkingDir);
    const outputs = session.forBrowser ? outputsOf(result, initialOptions.absWorkingDir) : [];
    // must precede the manifest, which compiles the modules that were not loaded here
    const overlooked = isAlone(initialOptions.plugins) ? session.overlooked(paths, outputs) : [];
    const file = session.emitManifest(paths);
    if (file) addToEsbuild(file, initialOptions, result);
    const edges = imports(metafile, initialOptions.absWorkingDir);
    const server = session.forBrowser ? [] : [...session.notFollowed(edges), ...session.notCompiled(paths)];
    const left = session.leftInBrowser(outputs, () => inverse(session.importEdges()));
    return endOf([...overlooked, ...left, ...server, ...(await session.typeCheck.finish())], session.root, build);
  });
  bundlePackages(build, session);
  build.onLoad(
    { filter: session.options.include === undefined ? scripts : /.*/, namespace: "file" },
    async ({ path }) => {
      if (!passes(session.filter, path)) return undefined;
      const source = await readFile(path, "utf8");
      try {
        if (!session.forBrowser) await session.follow(source, path, inEsbuild(build));
        const result: Result | undefined = session.forBrowser
          ? session.stub(source, path)
          : session.compile(source, path);
        return (
          result && {
            contents: withMap(result),
            loader: loaderOf(path),
            warnings: messages(result.diagnostics ?? [], source),
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

/** esbuild does not say which modules lead to a package that it cannot bundle for browsers, so all of them count. */
function inFailed(errors: readonly Message[], session: Session, directory = process.cwd()): Diagnostic[] {
  const files = new Set(
    errors.flatMap(({ location }) => (location ? [pathOf(resolve(directory, location.file))] : [])),
  );
  const inPackage = [...files].some((file) => file.includes("/node_modules/"));
  return session.inFailedBrowserBuild(
    (path) => inPackage || files.has(path),
    () => inverse(session.importEdges()),
  );
}

/** The texts of the output files. esbuild has already written them, unless it returns them. */
const outputsOf = ({ outputFiles, metafile }: BuildResult, directory = process.cwd()): string[] =>
  outputFiles?.map(({ text }) => text) ??
  Object.keys(metafile?.outputs ?? {}).map((path) => nodeHost.readFile(resolve(directory, path)) ?? "");

/** esbuild adds what this returns to its result, but prints only what it finds itself. */
async function endOf(
  found: readonly Diagnostic[],
  root: string,
  { esbuild, initialOptions: { logLevel = "warning" } }: PluginBuild,
): Promise<OnEndResult> {
  const of = (severity: Diagnostic["severity"]): PartialMessage[] =>
    found
      .filter((each) => each.severity === severity)
      .map((each) => toMessage(each, nodeHost.readFile(resolve(root, each.file)) ?? ""));
  const end = { errors: of("error"), warnings: of("warning") };
  const kinds =
    logLevel === "silent" ? [] : logLevel === "error" ? (["error"] as const) : (["warning", "error"] as const);
  for (const kind of kinds) {
    const texts = await esbuild.formatMessages(end[`${kind}s`], { kind, color: process.stderr.isTTY });
    if (texts.length > 0) console.error(texts.join("\n"));
  }
  return end;
}

type Result = Pick<CompileResult, "code" | "map"> & Partial<Pick<CompileResult, "diagnostics">>;

const withMap = ({ code, map }: Result): string => `${code}\n//# sourceMappingURL=${map.toUrl()}`;

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
