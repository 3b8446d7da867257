import { formatDiagnostic, type Diagnostic } from "@perdure/protocol";
import type { Loader, PartialMessage, PluginBuild } from "esbuild";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { CompileResult } from "../compile.ts";
import { diagnosticsOf, idFilter, scripts, type Session } from "./plugin.ts";

/**
 * A load callback of our own, and not unplugin's: it answers nothing for a file that stays as it is, so that other
 * plugins still get it, and it gives esbuild the source line of a message.
 */
export function esbuildSetup(build: PluginBuild, session: Session): void {
  const { initialOptions } = build;
  session.root = session.options.root ?? initialOptions.absWorkingDir ?? process.cwd();
  const filter = idFilter(session.options);
  const wanted = (path: string): boolean => matches(filter.include, path) && !matches(filter.exclude, path);

  build.onStart(() => session.project.refresh());
  build.onLoad({ filter: scripts, namespace: "file" }, async ({ path }) => {
    if (!wanted(path)) return undefined;
    const source = await readFile(path, "utf8");
    try {
      const result = session.compile(source, path);
      return result && { contents: withMap(result), loader: loaderOf(path), warnings: messages(result.diagnostics, source), watchFiles: session.watched(path) };
    } catch (error) {
      return { errors: messages(diagnosticsOf(error), source), watchFiles: [path, ...session.watched(path)] };
    }
  });
}

const matches = (patterns: readonly (string | RegExp)[], path: string): boolean =>
  patterns.some((pattern) => (typeof pattern === "string" ? path.includes(pattern) : pattern.test(path)));

const withMap = ({ code, map }: CompileResult): string => `${code}\n//# sourceMappingURL=${map.toUrl()}`;

const loaders: Readonly<Record<string, Loader>> = { ".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx" };
const loaderOf = (path: string): Loader => loaders[extname(path)] ?? "jsx";

const messages = (diagnostics: readonly Diagnostic[], source: string): PartialMessage[] => {
  const lines = source.replace(/^\uFEFF/, "").split(/\r\n|[\n\r\u2028\u2029]/);
  return diagnostics.map((each) => {
    const lineText = lines[each.line - 1] ?? "";
    const length = Math.min(each.end - each.start, lineText.length - each.column + 1);
    return {
      text: `${each.message} (${each.code})`,
      location: { file: each.file, line: each.line, column: utf8Length(lineText.slice(0, each.column - 1)), length, lineText },
      notes: [{ text: each.hint }],
      detail: formatDiagnostic(each),
    };
  });
};

/** esbuild counts columns in bytes. */
const utf8Length = (text: string): number => Buffer.byteLength(text);

