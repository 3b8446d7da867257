import type { Environment, EnvironmentModuleNode, Plugin, ResolvedConfig } from "vite";
import type { Session } from "../session/session.ts";

const runtime = "perdure";

/** A library build, and Vitest with a DOM environment, use the client environment too, but their code may run in Node. */
export function isForBrowser({ config }: Environment): boolean {
  return config.consumer === "client" && !config.build.lib && !isVitest(config);
}

const isVitest = ({ plugins }: Pick<ResolvedConfig, "plugins">): boolean =>
  plugins.some(({ name }) => name === "vitest");

/** Behavior that only Vite needs: its root, a single copy of the runtime on the server, and module reloads. */
export function viteHooks(session: Session): Partial<Plugin> {
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
      session.rootedAt(config.root);
    },
    generateBundle: {
      order: "post", // Vite removes earlier assets from server builds
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
