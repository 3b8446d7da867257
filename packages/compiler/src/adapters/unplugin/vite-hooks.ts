import type { EnvironmentModuleNode, Plugin } from "vite";
import { mountInspector } from "../dev-server/inspector.ts";
import type { Session } from "../session/session.ts";
import { isForBrowser, isVitest } from "./environment.ts";
import type { LatePlugin } from "./late-transform.ts";
import { refuseLeftovers } from "./report.ts";

const runtime = "perdure";

/** Behavior that only Vite needs: its root, a single copy of the runtime on the server, and module reloads. */
export function viteHooks(session: Session, late: LatePlugin): Partial<Plugin> {
  return {
    // each environment contributes its own modules to the manifest
    perEnvironmentStartEndDuringDev: true,
    // a bundled or inlined runtime would be a second copy, beside the one that packages import
    configEnvironment: (name, { consumer = name === "client" ? "client" : "server" }) =>
      consumer === "client"
        ? undefined
        : { resolve: { external: [runtime], noExternal: [...(session.options.packages ?? [])] } },
    configResolved(config) {
      session.serves = config.command === "serve";
      session.isMeasured = isVitest(config);
      session.rootedAt(config.root);
      addLate(config.plugins, late);
    },
    configureServer(server) {
      const { inspector = true } = session.options;
      if (inspector === false || isVitest(server.config)) return;
      mountInspector(server, server.config.root, inspector === true ? {} : inspector);
    },
    generateBundle: {
      order: "post", // Vite removes earlier assets from server builds
      handler(_options, bundle) {
        // what is in the browser's output is public
        if (isForBrowser(this.environment)) refuseLeftovers(this, session, bundle);
        else if (session.manifest) this.emitFile({ type: "asset", ...session.manifest });
      },
    },
    hotUpdate({ file, modules }) {
      session.invalidate(file);
      const affected: EnvironmentModuleNode[] = session
        .outdated()
        .flatMap((path) => [...(this.environment.moduleGraph.getModulesByFile(path) ?? [])]);
      for (const node of affected) this.environment.moduleGraph.invalidateModule(node);
      return affected.length === 0 ? undefined : [...new Set([...modules, ...affected])];
    },
  };
}

/** Puts the second plugin behind those of the user, and before the plugin of the development server that follows imports. */
function addLate(plugins: readonly Plugin[], { name, transform }: LatePlugin): void {
  const at = plugins.findIndex((each) => /^vite:(?:client-inject|css-analysis|import-analysis)$/.test(each.name));
  // Vite has no hook that adds a plugin, but reads the list again for each environment
  (plugins as Plugin[]).splice(at < 0 ? plugins.length : at, 0, { name, transform: transform as never });
}
