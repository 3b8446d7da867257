import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { versioned } from "./build.ts";

export type Bundler = "rollup" | "rolldown" | "vite" | "esbuild" | "webpack" | "rspack" | "farm" | "bun";

const packages: Readonly<Record<Bundler, string>> = {
  rollup: "rollup",
  rolldown: "rolldown",
  vite: "vite",
  esbuild: "esbuild",
  webpack: "webpack",
  rspack: "@rspack/core",
  farm: "@farmfe/core",
  bun: "bun",
};

/** Every bundler with its display name. */
export const bundlers: readonly (readonly [title: string, bundler: Bundler])[] = Object.entries(packages).flatMap(
  ([bundler, name]) => (isBundler(bundler) ? [[versioned(name), bundler] as const] : []),
);

function isBundler(name: string): name is Bundler {
  return name in packages;
}

/**
 * Builds the entry and returns the output of the bundler, without colors.
 * @param first - modules with plugins that run before ours
 * @param variables - of the environment, as bundle.mjs reads them. MODE is that of webpack and Rspack, which remove unused code only in production
 */
export function bundle(
  bundler: Bundler,
  root: string,
  entry: string,
  target: "node" | "browser",
  first: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): { readonly status: number | null; readonly output: string } {
  const bin = resolve(import.meta.dirname, "../../node_modules/.bin");
  const command = bundler === "bun" ? join(bin, "bun") : process.execPath;
  const env = {
    ...process.env,
    NO_COLOR: "1",
    FORCE_COLOR: "0",
    MODE: "development",
    MANIFEST: "1",
    ...variables,
  };
  const { status, stdout, stderr } = spawnSync(
    command,
    [join(import.meta.dirname, "bundle.mjs"), bundler, root, entry, target, ...first],
    { encoding: "utf8", env },
  );
  return { status, output: `${stdout}${stderr}`.replaceAll(/\u001b\[[\d;]*m/g, "") };
}
