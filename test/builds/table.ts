import type { Build } from "./build.ts";
import * as bun from "./rows/bun.ts";
import * as esbuild from "./rows/esbuild.ts";
import * as farm from "./rows/farm.ts";
import * as rolldown from "./rows/rolldown.ts";
import * as rollup from "./rows/rollup.ts";
import * as rspack from "./rows/rspack.ts";
import * as vite from "./rows/vite.ts";
import * as webpack from "./rows/webpack.ts";

const families = [esbuild, vite, webpack, rollup, rolldown, rspack, farm, bun];

/** Every way to build the program, in an order that alternates between bundlers: a run killed under one build resumes under the next. */
export const builds: readonly Build[] = interleave(families.map(({ rows }) => rows));

/** Builds with the plugin twice; the first copy writes no manifest. */
export const twice: readonly Build[] = families.map((family) => family.twice);

function interleave(families: readonly (readonly Build[])[]): Build[] {
  const longest = Math.max(...families.map(({ length }) => length));
  return Array.from({ length: longest }).flatMap((_, i) => families.flatMap((rows) => rows[i] ?? []));
}

/** Builds in which another transformer runs before the plugin. Plugins of esbuild and Bun do not chain, so these have none. */
export const late: readonly Build[] = [vite, webpack, rollup, rolldown, rspack, farm].flatMap((family) => family.late);
