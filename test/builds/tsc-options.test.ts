import { describe, test } from "vitest";
import { tslib, type NodeLine } from "../nodes.ts";
import type { App, TypeScript } from "./unbundled/app.ts";
import { expectAlike } from "./unbundled/alike.ts";
import { features, type Files } from "./unbundled/program.ts";
import { perdureTsc, plugins, tried, tsconfig, tspc } from "./unbundled/rows.ts";

const commonJsPackage: Files = { "package.json": JSON.stringify({ name: "features" }) };

interface Variant {
  readonly options: object;
  readonly files?: Files;
  readonly main?: string;
  readonly node?: NodeLine;
  /** The compilers to try, by default all. */
  readonly only?: readonly TypeScript[];
}

const newer: readonly TypeScript[] = ["typescript", "typescript-7"];
const newest: readonly TypeScript[] = ["typescript-7"];

/** Options that change how a compiler restructures the code. Step ids, locations and manifest are the same under each. */
const variants: Readonly<Record<string, Variant>> = {
  "nothing lowered": { options: { target: "esnext", experimentalDecorators: true }, node: 24, only: newest },
  "decorators of the standard, lowered": { options: { target: "es2022", removeComments: true }, only: newer },
  "older decorators with metadata, assigned fields, helpers of tslib": {
    options: {
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      useDefineForClassFields: false,
      importHelpers: true,
      target: "es2021",
    },
  },
  "CommonJS, private methods and optional calls lowered": {
    options: { target: "es2019", isolatedModules: true },
    files: commonJsPackage,
    only: newest,
  },
  "CommonJS, async functions lowered to generators": {
    options: { target: "es2015" },
    files: commonJsPackage,
  },
  "CommonJS in a package of ES modules, for a resolution that TypeScript 5.9 does not know": {
    options: { module: "commonjs", moduleResolution: "bundler", outDir: "dist/commonjs" },
    files: { "dist/commonjs/package.json": JSON.stringify({ type: "commonjs" }) },
    main: "dist/commonjs/main.js",
    only: newer,
  },
  "JavaScript beside the sources": {
    options: { outDir: undefined, rootDir: undefined, sourceMap: false },
    main: "src/main.js",
    only: newest,
  },
};

const base = { lib: ["es2023", "esnext.disposable"], jsx: "react-jsx", rewriteRelativeImportExtensions: undefined };

const expectVariant = async (
  name: string,
  { options, files = {}, main = "dist/main.js", node = 20 }: Variant,
  typescript: TypeScript,
  compiler: string,
): Promise<void> => {
  const build = async (app: App): Promise<void> => {
    app.link("tslib", await tslib());
    await app.run([compiler]).exits(0);
  };
  const config = tsconfig({ ...base, ...(compiler === tspc && { plugins }), ...options });
  await expectAlike({
    name,
    node,
    program: features,
    tools: { typescript },
    files: { "tsconfig.json": config, ...files },
    build,
    args: [main],
  });
};

describe.each(tried)("perdure-tsc with %s", (_, typescript) => {
  const its = Object.entries(variants).filter(([, { only }]) => only?.includes(typescript) ?? true);
  test.each(its)("perdure-tsc gives the same result and manifest under these options: %s", (name, variant) =>
    expectVariant(name, variant, typescript, perdureTsc),
  );
});

describe("ts-patch with TypeScript 6", () => {
  const its = Object.entries(variants).filter(([, { only }]) => only !== newest);
  test.each(its)("ts-patch gives the same result and manifest under these options: %s", (name, variant) =>
    expectVariant(name, variant, "typescript", tspc),
  );
});
