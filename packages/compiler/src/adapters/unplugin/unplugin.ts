import {
  createUnplugin,
  type UnpluginBuildContext,
  type UnpluginContext,
  type UnpluginInstance,
  type UnpluginOptions,
} from "unplugin";
import type { CompileResult } from "../../compile/compile.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { scripts } from "../../files/filter.ts";
import type { Options } from "../session/options.ts";
import { diagnosticsOf, Session } from "../session/session.ts";
import { bunSetup } from "./bun-setup.ts";
import { esbuildSetup } from "./esbuild-setup.ts";
import { farmHooks } from "./farm-hooks.ts";
import { resolverOf } from "./bundler-resolve.ts";
import { environmentOf } from "./environment.ts";
import { builtImports, builtModules } from "./graph.ts";
import { lateTransform } from "./late-transform.ts";
import { name } from "./name.ts";
import { fail, isWatching, reportAtEnd, warn } from "./report.ts";
import { rolldownHooks } from "./rolldown-hooks.ts";
import { viteHooks } from "./vite-hooks.ts";
import { rspackSetup, webpackSetup } from "./webpack-setup.ts";

type Context = UnpluginBuildContext & UnpluginContext;

type Result = {
  readonly code: string;
  readonly map: CompileResult["map"];
  readonly diagnostics?: readonly Diagnostic[];
};

async function compileIn(context: Context, session: Session, code: string, id: string): Promise<Result | undefined> {
  const environment = environmentOf(context);
  if (environment?.forBrowser ?? session.forBrowser) return session.stub(code, id);
  await session.follow(code, id, resolverOf(context, session.root));
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
      async handler(this: Context, code: string, id: string) {
        try {
          const result = await compileIn(this, session, code, id);
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
      const modules = builtModules(this);
      const ids = modules && [...modules];
      const environment = environmentOf(this);
      const isServerBuild = !session.serves && !(environment?.forBrowser ?? session.forBrowser);
      if (isServerBuild) await session.followMissed(ids ?? [], resolverOf(this, session.root));
      const file = session.emitManifest(ids, environment);
      const notFollowed = isServerBuild ? session.notFollowed(builtImports(this)) : [];
      if (file && meta.framework !== "vite") this.emitFile({ type: "asset", ...file });
      reportAtEnd(this, [...notFollowed, ...(await session.typeCheck.finish())], session.root);
    }
    return {
      name,
      enforce: "pre",
      // with `transform`, unplugin would load every file of an esbuild build, and no other plugin could load any
      ...(meta.framework === "esbuild" ? {} : { transform }),
      // esbuild and Bun pass more to their own end callbacks than unplugin forwards
      ...(meta.framework === "esbuild" || meta.framework === "bun" ? {} : { buildStart, buildEnd }),
      watchChange: (id) => session.invalidate(id),
      vite: viteHooks(session, lateTransform(session, meta)),
      rolldown: rolldownHooks(session),
      farm: farmHooks(session),
      webpack: (compiler) => webpackSetup(compiler, session),
      rspack: (compiler) => rspackSetup(compiler, session),
      bun: { setup: (build) => bunSetup(build, session) },
      esbuild: { onLoadFilter: scripts, setup: (build) => esbuildSetup(build, session) },
    };
  },
);
