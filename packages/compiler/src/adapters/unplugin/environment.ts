import type { Environment, ResolvedConfig } from "vite";

/** A library build, and Vitest with a DOM environment, use the client environment too, but their code may run in Node. */
export function isForBrowser({ config }: Environment): boolean {
  return config.consumer === "client" && !config.build.lib && !isVitest(config);
}

const isVitest = ({ plugins }: Pick<ResolvedConfig, "plugins">): boolean =>
  plugins.some(({ name }) => name === "vitest");

export const hasEnvironment = (context: object): context is { readonly environment: Environment } =>
  "environment" in context && context.environment !== undefined;

/** Vite builds several environments with one plugin instance. */
export function environmentOf(context: object): { readonly name: string; readonly forBrowser: boolean } | undefined {
  return hasEnvironment(context)
    ? { name: context.environment.name, forBrowser: isForBrowser(context.environment) }
    : undefined;
}
