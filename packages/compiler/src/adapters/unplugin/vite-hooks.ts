import type { Environment, EnvironmentModuleNode, Plugin, ResolvedConfig } from "vite";
import type { Session } from "../session/session.ts";

const runtime = "perdure";

/** A library is built in the environment of browsers, and Vitest runs there what a test wants a DOM for: both may be for Node. */
export function isForBrowser({ config }: Environment): boolean {
  return config.consumer === "client" && !config.build.lib && !isVitest(config);
}

const isVitest = ({ plugins }: Pick<ResolvedConfig, "plugins">): boolean =>
  plugins.some(({ name }) => name === "vitest");

/** What only Vite needs: its root, one copy of the runtime on the server, and module reloads. */
export function viteHooks(session: Session): Partial<Plugin> {
  return {
    // each environment has its own modules to put into the manifest
    perEnvironmentStartEndDuringDev: true,
    // a runtime that is bundled or inlined would exist once more beside the one that packages import
    configEnvironment: (name, { consumer = name === "client" ? "client" : "server" }) =>
      consumer === "client" ? undefined : { resolve: { external: [runtime] } },
    configResolved(config) {
      session.serves = config.command === "serve";
      session.rootedAt(config.root);
    },
    generateBundle: {
      order: "post", // what is emitted before, Vite takes out of builds for servers
      handler() {
        if (session.manifest) this.emitFile({ type: "asset", ...session.manifest });
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
