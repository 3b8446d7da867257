import { createUnplugin, type UnpluginBuildContext, type UnpluginInstance, type UnpluginOptions } from "unplugin";
import { scripts } from "../../files/filter.ts";
import { components } from "../../files/paths.ts";
import { pluginOptions } from "../session/check-options.ts";
import type { Options } from "../session/options.ts";
import { Session } from "../session/session.ts";
import { bunSetup } from "./bun-setup.ts";
import { esbuildSetup } from "./esbuild-setup.ts";
import { farmHooks } from "./farm-hooks.ts";
import { resolverOf } from "./bundler-resolve.ts";
import { environmentOf } from "./environment.ts";
import { builtImports, builtModules } from "./graph.ts";
import { lateTransform } from "./late-transform.ts";
import { name } from "./name.ts";
import { isWatching, reportAtEnd } from "./report.ts";
import { rolldownHooks, rollupHooks } from "./rollup-hooks.ts";
import { transformModule, type Context } from "./transform.ts";
import { viteHooks } from "./vite-hooks.ts";
import { rspackSetup, webpackSetup } from "./webpack-setup.ts";

export const unplugin: UnpluginInstance<Options | undefined, false> = createUnplugin<Options | undefined, false>(
  (options = {}, meta): UnpluginOptions => {
    const session = new Session(pluginOptions(options));
    const transform = {
      // Rollup and Rolldown use `order` and ignore `enforce`; the other bundlers do the opposite
      order: "pre" as const,
      filter: { id: session.filter },
      handler(this: Context, code: string, id: string) {
        // what is there yet is the text of the component
        return components.test(id) ? undefined : transformModule(this, session, meta, code, id);
      },
    };
    const late = lateTransform(session, meta);
    function buildStart(this: UnpluginBuildContext): void {
      if (!session.serves) session.typeCheck.start(session.root, isWatching(this));
    }
    async function buildEnd(this: UnpluginBuildContext, failure?: Error): Promise<void> {
      if (failure) return session.typeCheck.stop();
      const checked = session.typeCheck.finish();
      checked.catch(() => {}); // the manifest may fail first
      const ids = builtModules(this);
      const environment = environmentOf(this);
      const isServerBuild = !session.serves && !(environment?.forBrowser ?? session.forBrowser);
      if (isServerBuild) await session.followMissed(ids ?? [], resolverOf(this, session.root));
      const file = session.emitManifest(ids, environment);
      const found = isServerBuild
        ? [
            ...session.notFollowed(builtImports(this)),
            ...session.uncompiledComponents(ids ?? []),
            ...session.notCompiled(ids ?? []),
          ]
        : [];
      if (file && meta.framework !== "vite") this.emitFile({ type: "asset", ...file });
      reportAtEnd(this, [...found, ...(await checked)], session.root);
    }
    return {
      name,
      enforce: "pre",
      // with `transform`, unplugin would load every file of an esbuild build, and no other plugin could load any
      ...(meta.framework === "esbuild" ? {} : { transform }),
      // esbuild and Bun pass more to their own end callbacks than unplugin forwards
      ...(meta.framework === "esbuild" || meta.framework === "bun" ? {} : { buildStart, buildEnd }),
      watchChange: (id) => session.invalidate(id),
      vite: viteHooks(session, late),
      rollup: rollupHooks(session, late),
      rolldown: rolldownHooks(session, late),
      farm: farmHooks(session),
      webpack: (compiler) => webpackSetup(compiler, session),
      rspack: (compiler) => rspackSetup(compiler, session),
      bun: { setup: (build) => bunSetup(build, session) },
      esbuild: { onLoadFilter: scripts, setup: (build) => esbuildSetup(build, session) },
    };
  },
);
