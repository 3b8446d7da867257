import type { EnvironmentModuleNode, Plugin } from "vite";
import type { Session } from "../session/session.ts";
import { isForBrowser } from "./environment.ts";
import type { LatePlugin } from "./late-transform.ts";
import { refuseLeftovers } from "./leftovers.ts";

const runtime = "perdure";

/** Behavior that only Vite needs: its root, a single copy of the runtime on the server, and module reloads. */
export function viteHooks(session: Session, late: LatePlugin): Partial<Plugin> {
  return {
    // replaces the plugin by two; Vite calls the hooks of its configuration on the plugin itself
    applyToEnvironment() {
      const {
        applyToEnvironment: _apply,
        config: _config,
        configEnvironment: _environment,
        configResolved: _resolved,
        configureServer: _server,
        ...hooks
      } = this as Plugin;
      return [hooks, late];
    },
    // each environment contributes its own modules to the manifest
    perEnvironmentStartEndDuringDev: true,
    // a bundled or inlined runtime would be a second copy, beside the one that packages import
    configEnvironment: (name, { consumer = name === "client" ? "client" : "server" }) =>
      consumer === "client" ? undefined : { resolve: { external: [runtime] } },
    configResolved(config) {
      session.serves = config.command === "serve";
      session.rootedAt(config.root);
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
