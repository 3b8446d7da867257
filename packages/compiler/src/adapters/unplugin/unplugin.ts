import { join } from "node:path";
import {
  createUnplugin,
  type UnpluginBuildContext,
  type UnpluginContext,
  type UnpluginContextMeta,
  type UnpluginInstance,
  type UnpluginMessage,
  type UnpluginOptions,
} from "unplugin";
import type { CompileResult } from "../../compile/compile.ts";
import { formatDiagnostic, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { scripts } from "../../files/filter.ts";
import { pathOf } from "../../files/paths.ts";
import type { Options } from "../session/options.ts";
import { diagnosticsOf, Session } from "../session/session.ts";
import { bunSetup } from "./bun-setup.ts";
import { esbuildSetup } from "./esbuild-setup.ts";
import { farmHooks } from "./farm-hooks.ts";
import { builtModules, environmentOf, importersOf } from "./graph.ts";
import { name } from "./name.ts";
import { isWatching, reportAtEnd } from "./report.ts";
import { rolldownHooks } from "./rolldown-hooks.ts";
import { rollupHooks } from "./rollup-hooks.ts";
import { viteHooks } from "./vite-hooks.ts";
import { rspackSetup, webpackSetup } from "./webpack-setup.ts";

type Context = UnpluginBuildContext & UnpluginContext;

const text = (diagnostics: readonly Diagnostic[]): string => diagnostics.map(formatDiagnostic).join("\n\n");

/** Whether the bundler prints the location itself: Rollup and its relatives do if a message has a `loc`. */
const printsLocation = ({ framework }: UnpluginContextMeta): boolean =>
  framework === "rollup" || framework === "rolldown" || framework === "vite";

function located(diagnostics: readonly Diagnostic[], id: string): UnpluginMessage {
  const [first] = diagnostics;
  const message = text(diagnostics);
  return first
    ? {
        message,
        pluginCode: first.code,
        meta: { hint: first.hint },
        loc: { file: pathOf(id), line: first.line, column: first.column - 1 },
      }
    : { message };
}

/**
 * Fails the module. Except in Rollup and its relatives, `error` would only collect the message and continue with uncompiled code. In Farm
 * 1.7 it aborts the process.
 */
function fail(context: Context, diagnostics: readonly Diagnostic[], id: string, meta: UnpluginContextMeta): never {
  if (printsLocation(meta)) context.error(located(diagnostics, id));
  throw Object.assign(new Error(text(diagnostics)), { hideStack: true });
}

function warn(context: Context, diagnostic: Diagnostic, id: string, meta: UnpluginContextMeta): void {
  const native = context.getNativeBuildContext?.();
  if (native?.framework === "farm") native.context.warn(text([diagnostic]));
  else context.warn(printsLocation(meta) ? located([diagnostic], id) : text([diagnostic]));
}

function compileIn(context: Context, session: Session, code: string, id: string): CompileResult | undefined {
  const environment = environmentOf(context);
  if (environment?.forBrowser ?? session.forBrowser) {
    session.refuseInBrowser(code, id, () => importersOf(context, session));
    return undefined;
  }
  const result = session.compile(code, id);
  if (!session.serves) for (const file of session.watched(id)) context.addWatchFile(file);
  return result;
}

export const unplugin: UnpluginInstance<Options | undefined, false> = createUnplugin<Options | undefined, false>(
  (options = {}, meta): UnpluginOptions => {
    const session = new Session(options);
    const transform = {
      // Rollup and Rolldown use `order` and ignore `enforce`; the other bundlers do the opposite
      order: "pre" as const,
      filter: { id: session.filter },
      handler(this: Context, code: string, id: string) {
        try {
          const result = compileIn(this, session, code, id);
          for (const each of result?.diagnostics ?? []) warn(this, each, id, meta);
          return result && { code: result.code, map: { ...result.map } };
        } catch (error) {
          return fail(this, diagnosticsOf(error), id, meta);
        }
      },
    };
    function buildStart(this: UnpluginBuildContext): void {
      if (!session.serves) session.typeCheck.start(session.root, isWatching(this));
    }
    async function buildEnd(this: UnpluginBuildContext, failure?: Error): Promise<void> {
      if (failure) return session.typeCheck.stop();
      const built = builtModules(this);
      const environment = environmentOf(this);
      const file = session.emitManifest(built, environment);
      if (file && meta.framework !== "vite") this.emitFile({ type: "asset", ...file });
      const isServer = !(environment?.forBrowser ?? session.forBrowser);
      const uncompiled = built && isServer ? session.notCompiled(built) : [];
      reportAtEnd(this, [...uncompiled, ...(await session.typeCheck.finish())], (found) =>
        located(found, join(session.root, found[0]?.file ?? "")),
      );
    }
    return {
      name,
      enforce: "pre",
      // with `transform`, unplugin would load every file of an esbuild build, and no other plugin could load any
      ...(meta.framework === "esbuild" ? {} : { transform }),
      // esbuild and Bun pass more to their own end callbacks than unplugin forwards
      ...(meta.framework === "esbuild" || meta.framework === "bun" ? {} : { buildStart, buildEnd }),
      watchChange: (id) => session.invalidate(id),
      vite: viteHooks(session),
      rollup: rollupHooks(session),
      rolldown: rolldownHooks(session),
      farm: farmHooks(session),
      webpack: (compiler) => webpackSetup(compiler, session),
      rspack: (compiler) => rspackSetup(compiler, session),
      bun: { setup: (build) => bunSetup(build, session) },
      esbuild: { onLoadFilter: scripts, setup: (build) => esbuildSetup(build, session) },
    };
  },
);
