import type { Build } from "./build.ts";
import { rows as bun } from "./rows/bun.ts";
import { rows as esbuild } from "./rows/esbuild.ts";
import { rows as farm } from "./rows/farm.ts";
import { rows as rolldown } from "./rows/rolldown.ts";
import { rows as rollup } from "./rows/rollup.ts";
import { rows as rspack } from "./rows/rspack.ts";
import { rows as vite } from "./rows/vite.ts";
import { rows as webpack } from "./rows/webpack.ts";

/** Every way to build the program, in a ring: each is followed by another bundler. A run that is killed under one goes on under the next. */
export const builds: readonly Build[] = interleave([esbuild, vite, webpack, rollup, rolldown, rspack, farm, bun]);

function interleave(families: readonly (readonly Build[])[]): Build[] {
  const longest = Math.max(...families.map(({ length }) => length));
  return Array.from({ length: longest }).flatMap((_, i) => families.flatMap((rows) => rows[i] ?? []));
}
