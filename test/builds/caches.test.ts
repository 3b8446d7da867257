import { rspack } from "@rspack/core";
import { context } from "esbuild";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rollup, type RollupCache } from "rollup";
import type { Manifest } from "unplugin-perdure";
import perdure from "unplugin-perdure/esbuild";
import perdureRollup from "unplugin-perdure/rollup";
import perdureRspack from "unplugin-perdure/rspack";
import perdureWebpack from "unplugin-perdure/webpack";
import { expect, test } from "vitest";
import webpack from "webpack";
import { external, stripTypes } from "./build.ts";
import { project } from "./project.ts";
import { bundled, shop } from "./shop.ts";

type Build = (root: string, onManifest: (manifest: Manifest) => void) => Promise<void>;

const packed = {
  entry: "./src/main.ts",
  mode: "development",
  target: "node20",
  module: { rules: [{ test: /\.ts$/, loader: "esbuild-loader" }] },
} as const;

/** Builds that take their modules from a cache on the second run. */
const caches: Readonly<Record<string, () => Build>> = {
  webpack: () => (root, onManifest) =>
    new Promise((resolve, reject) => {
      const compiler = webpack({
        ...packed,
        module: { rules: [...packed.module.rules] },
        context: root,
        output: { path: join(root, "dist") },
        cache: { type: "filesystem", cacheDirectory: join(root, "cache") },
        plugins: [perdureWebpack({ onManifest })],
      });
      compiler?.run((error) => compiler.close(() => (error ? reject(error) : resolve())));
    }),
  rspack: () => (root, onManifest) =>
    new Promise((resolve, reject) => {
      const compiler = rspack({
        ...packed,
        module: { rules: [...packed.module.rules] },
        context: root,
        output: { path: join(root, "dist") },
        cache: { type: "persistent", storage: { type: "filesystem", directory: join(root, "cache") } },
        plugins: [perdureRspack({ onManifest })],
      });
      compiler.run((error) => compiler.close(() => (error ? reject(error) : resolve())));
    }),
  rollup: () => {
    let cache: RollupCache | undefined;
    return async (root, onManifest) => {
      const bundle = await rollup({
        input: join(root, "src/main.ts"),
        external: [...external],
        plugins: [{ name: "strips", transform: stripTypes }, perdureRollup({ root, onManifest })],
        ...(cache && { cache }),
      });
      cache = bundle.cache;
    };
  },
};

const filesOf = ({ modules }: Manifest): string[] => modules.map(({ file }) => file);

test.each(Object.entries(caches))(
  "the manifest of a %s build contains the modules that come from its cache",
  async (_name, create) => {
    const root = project(shop);
    const manifests: Manifest[] = [];
    const build = create();
    await build(root, (manifest) => manifests.push(manifest));
    await build(root, (manifest) => manifests.push(manifest));
    const [first, second] = manifests;
    expect(first && filesOf(first)).toEqual(["src/main.ts", "src/order.ts", "src/tasks.ts"]);
    expect(second).toEqual(first);
  },
);

test("the manifest of an esbuild rebuild contains only the current modules", async () => {
  const root = project(shop);
  const manifests: Manifest[] = [];
  const watched = await context(
    bundled(root, { plugins: [perdure({ onManifest: (manifest) => manifests.push(manifest) })] }),
  );
  await watched.rebuild();
  await watched.rebuild();
  writeFileSync(join(root, "src/main.ts"), `import "./tasks.ts";`);
  await watched.rebuild();
  await watched.dispose();
  const whole = ["src/main.ts", "src/order.ts", "src/tasks.ts"];
  expect(manifests.map(filesOf)).toEqual([whole, whole, ["src/tasks.ts"]]);
});
