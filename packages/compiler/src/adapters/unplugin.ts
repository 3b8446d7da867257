import { formatDiagnostic, type Diagnostic } from "@perdure/protocol";
import { createUnplugin, type UnpluginContextMeta, type UnpluginInstance, type UnpluginMessage, type UnpluginOptions } from "unplugin";
import { pathOf } from "../phases/1-parse/parse.ts";
import { esbuildSetup } from "./esbuild-setup.ts";
import { diagnosticsOf, idFilter, scripts, Session, type Options } from "./plugin.ts";
import { viteHooks } from "./vite-hooks.ts";

const name = "perdure";

/** Bundlers that show the position and frame of an error themselves when they get its `loc`. */
const locates = new Set<string>(["rollup", "rolldown", "vite"]);

function message(diagnostics: readonly Diagnostic[], id: string, meta: UnpluginContextMeta): UnpluginMessage {
  const [first] = diagnostics;
  const text = diagnostics.map(formatDiagnostic).join("\n\n");
  if (!first) return { message: text };
  const base = { message: text, pluginCode: first.code, meta: { hint: first.hint } };
  return locates.has(meta.framework) ? { ...base, loc: { file: pathOf(id), line: first.line, column: first.column - 1 } } : base;
}

export const unplugin: UnpluginInstance<Options | undefined, false> = createUnplugin<Options | undefined, false>((options = {}, meta): UnpluginOptions => {
  const session = new Session(options);
  const transform = {
    // Rollup and Rolldown heed this and not `enforce`, the others the other way round
    order: "pre" as const,
    filter: { id: idFilter(options) },
    handler(this: Parameters<Transform>[0], code: string, id: string) {
      try {
        const result = session.compile(code, id);
        if (!session.serves) for (const file of session.watched(id)) this.addWatchFile(file);
        for (const each of result?.diagnostics ?? []) this.warn(message([each], id, meta));
        return result && { code: result.code, map: { ...result.map } };
      } catch (error) {
        // some bundlers throw here, the others collect the error and go on
        this.error(message(diagnosticsOf(error), id, meta));
        return undefined;
      }
    },
  };
  return {
    name,
    enforce: "pre",
    // with a transform, unplugin would load every file of an esbuild build and no other plugin could
    ...(meta.framework === "esbuild" ? {} : { transform }),
    buildEnd: () => session.emitManifest(),
    watchChange: (id) => session.invalidate(id),
    vite: viteHooks(session),
    esbuild: { onLoadFilter: scripts, setup: (build) => esbuildSetup(build, session) },
  };
});

type Transform = (context: ThisParameterType<Extract<UnpluginOptions["transform"], (...args: never[]) => unknown>>) => void;

