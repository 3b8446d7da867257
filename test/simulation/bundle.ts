import { build, type Plugin } from "esbuild";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import perdure from "unplugin-perdure/esbuild";
import type { Subject } from "./simulation.ts";

const root = resolve(import.meta.dirname, "../..");

/** A line of the product, and a mistaken one in its place. */
export interface Sabotage {
  /** What the worlds are about in which it is noticed. Default: the life of runs. */
  readonly subject?: Subject;
  /** Below `packages`. */
  readonly file: string;
  readonly line: string;
  readonly instead: string;
}

const sabotaged = ({ file, line, instead }: Sabotage): Plugin => ({
  name: "sabotage",
  setup({ onLoad, onEnd }) {
    const path = join(root, "packages", file);
    let isLoaded = false;
    onLoad({ filter: /\.ts$/ }, (args) => {
      if (resolve(args.path) !== path) return undefined;
      const source = readFileSync(path, "utf8");
      if (source.split(line).length !== 2) throw new Error(`${file} does not have this line once: ${line}`);
      isLoaded = true;
      return { contents: source.replace(line, () => instead), loader: "ts" };
    });
    onEnd(() => {
      if (!isLoaded) throw new Error(`the simulation does not contain ${file}`);
    });
  },
});

/** The simulation has its own turns of the event loop, timers and clock, in place of those that the runtime takes from Node. */
const time: Sabotage = {
  file: "protocol/src/system-time.ts",
  line: `import { performance as ownPerformance } from "node:perf_hooks";
import * as timers from "node:timers";`,
  instead: `const simulated = () => globalThis.simulatedTime;
const ownPerformance = { now: () => simulated().now() };
const timers = {
  ...globalThis,
  setTimeout: (fn, milliseconds) => simulated().setTimeout(fn, milliseconds),
  clearTimeout: (timer) => simulated().clearTimeout(timer),
  setImmediate: (fn) => globalThis.setImmediate(fn),
};`,
};

/** Random ids would make each play of a seed another one. */
const ids: Sabotage = {
  file: "runtime/src/process/starter.ts",
  line: 'import { randomUUID } from "../crypto.ts";',
  instead: "const randomUUID = (): string => (globalThis as unknown as { simulatedId(): string }).simulatedId();",
};

/** Bundles the simulation with the sources of the product. */
export async function bundle(outfile: string, sabotages: readonly Sabotage[] = []): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [join(import.meta.dirname, "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["perdure-source"],
    external: ["better-sqlite3"],
    keepNames: true, // two modules may have a workflow or function of one name
    sourcemap: "inline",
    logLevel: "error",
    plugins: [
      ...[time, ids, ...sabotages].map(sabotaged),
      perdure({ root, exclude: [/node_modules/, /packages[\\/]\w+[\\/]src/] }),
    ],
  });
}

/** Where a bundle is written. It stands below the packages that it imports. */
export const bundled = (name: string): string =>
  join(root, `node_modules/.cache/perdure-simulation/${name}-${process.pid}.mjs`);
