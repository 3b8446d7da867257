import type { EnvironmentModuleNode, Plugin } from "vite";
import type { Session } from "./plugin.ts";

const runtime = "perdure";

/** What only Vite needs: its root, one copy of the runtime on the server, and module reloads. */
export function viteHooks(session: Session): Partial<Plugin> {
  return {
    // a runtime that is bundled or inlined would exist once more beside the one that packages import
    configEnvironment: (name, { consumer = name === "client" ? "client" : "server" }) =>
      consumer === "client" ? undefined : { resolve: { external: [runtime] } },
    configResolved(config) {
      session.serves = config.command === "serve";
      session.root = session.options.root ?? config.root;
    },
    hotUpdate({ file, modules }) {
      session.invalidate(file);
      const affected: EnvironmentModuleNode[] = session.outdated().flatMap((path) => [...(this.environment.moduleGraph.getModulesByFile(path) ?? [])]);
      for (const node of affected) this.environment.moduleGraph.invalidateModule(node);
      return affected.length === 0 ? undefined : [...new Set([...modules, ...affected])];
    },
  };
}
