import { build, type BuildOptions, type Plugin } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rollup, type Plugin as RollupPlugin } from "rollup";
import { minify } from "terser";
import perdure from "unplugin-perdure/esbuild";
import perdureRollup from "unplugin-perdure/rollup";
import perdureWebpack from "unplugin-perdure/webpack";
import { describe, expect, test } from "vitest";
import webpack, { type Configuration } from "webpack";
import { stripTypes } from "./build.ts";
import { bundle } from "./bundlers.ts";
import { effects, node, recorded } from "./harness.ts";
import { project } from "./project.ts";
import { bundled, shop } from "./shop.ts";

describe("a program built without the plugin", () => {
  const variants: Readonly<Record<string, BuildOptions>> = { plain: {}, minified: { minify: true } };
  test.each(Object.entries(variants))(
    "a %s program built without the plugin reports it when the first run starts",
    async (_name, more) => {
      const root = project(shop);
      await build(bundled(root, more));
      expect(node([join(root, "dist/main.mjs")], root).errors).toContain("has a directive but was not compiled");
    },
  );

  test("a program built without the plugin and minified by terser reports it when the first run starts", async () => {
    const root = project(shop);
    await build(bundled(root));
    const file = join(root, "dist/main.mjs");
    writeFileSync(file, (await minify(readFileSync(file, "utf8"), { module: true })).code ?? "");
    const { errors } = node([file], root);
    expect(errors).toMatch(/is not a compiled workflow or task/);
  });
});

describe("directives removed before the plugin runs", () => {
  const lost = expect.stringMatching(
    /src\/(?:order|tasks)\.ts:\d:3 error: .* has directives, but another plugin or loader changed or loaded the file first, and Perdure saw none of them[^]*DIRECTIVE_LOST/,
  );

  test("a rollup build fails if terser has removed the directives before the plugin runs", async () => {
    const root = project(shop);
    const minifies: RollupPlugin = {
      name: "minifies",
      transform: {
        order: "pre",
        handler: async (code, id) => (await minify((await stripTypes(code, id))?.code ?? code, { module: true })).code,
      },
    };
    await expect(
      rollup({
        input: join(root, "src/main.ts"),
        external: [/^perdure/],
        plugins: [minifies, perdureRollup({ root })],
      }),
    ).rejects.toMatchObject({ message: lost });
  });

  test("a webpack build fails if swc has removed the directives before the plugin runs", async () => {
    const root = project(shop);
    const rule = {
      test: /\.ts$/,
      enforce: "pre" as const,
      loader: "swc-loader",
      options: { minify: true, jsc: { parser: { syntax: "typescript" }, minify: { compress: true } } },
    };
    const config: Configuration = {
      context: root,
      entry: "./src/main.ts",
      mode: "development",
      target: "node20",
      output: { path: join(root, "dist") },
      module: { rules: [rule] },
      plugins: [perdureWebpack()],
    };
    const messages = await new Promise<string[]>((resolve) =>
      webpack(config, (_error, stats) => resolve((stats?.compilation.errors ?? []).map(({ message }) => message))),
    );
    expect(messages).toContainEqual(lost);
  });

  const loadsFirst: Plugin = {
    name: "loads",
    setup: ({ onLoad }) =>
      onLoad({ filter: /tasks\.ts$/ }, ({ path }) => ({ contents: readFileSync(path, "utf8"), loader: "ts" })),
  };

  test("an esbuild build fails if another plugin has loaded a file with directives", async () => {
    const root = project(shop);
    await expect(build(bundled(root, { plugins: [loadsFirst, perdure()] }))).rejects.toMatchObject({
      errors: [
        {
          text: expect.stringMatching(/src\/tasks\.ts has directives.*DIRECTIVE_LOST/),
          location: { file: "src/tasks.ts", line: 3, lineText: '  "use task";' },
        },
      ],
    });
    await build(bundled(root, { plugins: [perdure(), loadsFirst] }));
    expect(node([join(root, "dist/main.mjs")], root).output).toBe("charged 17\n");
  });

  test("a bun build fails if another plugin has loaded a file with directives", () => {
    const root = project({
      ...shop,
      "loads-first.mjs": `export default { name: "loads", setup: (build) => build.onLoad({ filter: /tasks\\.ts$/ }, async ({ path }) => ({ contents: await Bun.file(path).text(), loader: "ts" })) };`,
    });
    const { status, output } = bundle("bun", root, "src/main.ts", "node", ["loads-first.mjs"]);
    expect(status).not.toBe(0);
    expect(output).toEqual(lost);
  });
});

test("ESM and CommonJS copies of the same modules, one with its own runtime, share their runs", async () => {
  const root = project({
    ...shop,
    "src/pair.ts": `export { close } from "perdure"; export { charge } from "./tasks.ts"; export { order } from "./order.ts";`,
    "both.mjs": `import { createRequire } from "node:module";
      import { close, order as one } from "./dist/pair.mjs";
      const { charge, order: other } = createRequire(import.meta.url)("./dist/pair.cjs");
      import { start } from "perdure";
      const results = await Promise.all([one("17"), other("17"), (await start(one, ["17"])).result(), (await start(other, ["17"])).result()]);
      console.log(JSON.stringify([...results, await charge("outside")]));
      await close();`,
  });
  const entry = { entryPoints: ["src/pair.ts"], plugins: [perdure()] };
  await build(bundled(root, { ...entry, external: [], minify: true }));
  await build(bundled(root, { ...entry, format: "cjs", outExtension: { ".js": ".cjs" } }));
  const { output, errors } = node([join(root, "both.mjs")], root);
  expect(errors).toBe("");
  expect(JSON.parse(output)).toEqual([...Array.from({ length: 4 }, () => "charged 17"), "charged outside"]);
  expect(effects(root)).toEqual(["charge 17", "charge outside"]);
  expect((await recorded(root)).filter((line) => line.includes(": completed"))).toHaveLength(1);
});
