import type { NodeLine } from "../../nodes.ts";
import type { App, Tools, TypeScript } from "./app.ts";
import { commonJs, javascript, type Files } from "./program.ts";

/** One way to run the program without a bundler. */
export interface Row {
  readonly name: string;
  readonly node: NodeLine;
  readonly tools?: Tools;
  /** The files of the program; by default the TypeScript program. */
  readonly program?: Files;
  /** Additional files. */
  readonly files?: Files;
  /** Prepares the application before the program can run. */
  readonly build?: (app: App) => Promise<void>;
  /** The arguments with which Node runs it. */
  readonly args: readonly string[];
}

const lines = [20, 22, 24] as const;
const register = ["--import", "unplugin-perdure/register"];
const tsx = ["--import", "tsx"];
const main = "src/main.ts";
const commonJsPackage: Files = { "package.json": JSON.stringify({ name: "shop", private: true }) };

export const registerRows: readonly Row[] = [
  ...lines.flatMap((node): Row[] => [
    { name: `Node ${node}, register, JavaScript`, node, program: javascript, args: [...register, "src/main.js"] },
    { name: `Node ${node}, register, CommonJS`, node, program: commonJs, args: [...register, "src/main.js"] },
    {
      name: `Node ${node}, register, tsx, TypeScript in a CommonJS package`,
      node,
      files: commonJsPackage,
      args: [...register, ...tsx, main],
    },
    {
      name: `Node ${node}, tsx, register, TypeScript in a CommonJS package`,
      node,
      files: commonJsPackage,
      args: [...tsx, ...register, main],
    },
    {
      name: `Node ${node}, tsx, register, CommonJS`,
      node,
      program: commonJs,
      args: [...tsx, ...register, "src/main.js"],
    },
  ]),
  { name: "Node 20, register, tsx", node: 20, args: [...register, ...tsx, main] },
  { name: "Node 22, register", node: 22, args: [...register, main] },
  { name: "Node 24, register", node: 24, args: [...register, main] },
  { name: "Node 20, tsx, register", node: 20, args: [...tsx, ...register, main] },
  { name: "Node 22, tsx, register", node: 22, args: [...tsx, ...register, main] },
  { name: "Node 24, register, tsx", node: 24, args: [...register, ...tsx, main] },
  { name: "Node 22, register, tsx", node: 22, args: [...register, ...tsx, main] },
  { name: "Node 24, tsx, register", node: 24, args: [...tsx, ...register, main] },
];

export const perdureTsc = "node_modules/.bin/perdure-tsc";

/** The compilers with their display names. */
const compilers: readonly (readonly [name: string, typescript: TypeScript])[] = [
  ["TypeScript 5.9", "typescript-5.9"],
  ["TypeScript 6", "typescript"],
  ["TypeScript 7", "typescript-7"],
];

export const tsconfig = (compilerOptions: object, rest: object = { include: ["src"] }): string => {
  const base = {
    target: "es2022",
    module: "nodenext",
    strict: true,
    skipLibCheck: true,
    types: ["node"],
    sourceMap: true,
    rootDir: "src",
    outDir: "dist",
    rewriteRelativeImportExtensions: true,
  };
  return JSON.stringify({ compilerOptions: { ...base, ...compilerOptions }, ...rest });
};

const withPerdureTsc = async (app: App): Promise<void> => void (await app.run([perdureTsc]).exits(0));

export const tspc = "node_modules/ts-patch/bin/tspc.js";
export const plugins = [{ transform: "unplugin-perdure/tsc", transformProgram: true }];
const withTsPatch = async (app: App): Promise<void> => void (await app.run([tspc]).exits(0));

/** The compilers that ts-patch supports; TypeScript 7 does not support program transformers. */
const patchable: typeof compilers = compilers.slice(0, 2);

/** TypeScript 5 and 6 compile in the same way, so where time is short, the tests leave out 5. `PERDURE_COMPILERS=all`: all of them. */
const oldest = process.env["PERDURE_COMPILERS"] === "all" ? 0 : 1;
export const [tried, triedWithPatch] = [compilers.slice(oldest), patchable.slice(oldest)];

const patchRows: readonly Row[] = patchable.flatMap(([name, typescript], i): Row[] => [
  {
    name: `ts-patch, ${name}`,
    node: lines[i + 1] ?? 20,
    tools: { typescript },
    files: { "tsconfig.json": tsconfig({ plugins }) },
    build: withTsPatch,
    args: ["dist/main.js"],
  },
  {
    name: `ts-patch, ${name}, CommonJS`,
    node: 20,
    tools: { typescript },
    files: { ...commonJsPackage, "tsconfig.json": tsconfig({ plugins, inlineSourceMap: true, sourceMap: false }) },
    build: withTsPatch,
    args: ["dist/main.js"],
  },
]);

export const tscRows: readonly Row[] = compilers.flatMap(([name, typescript], i): Row[] => [
  {
    name: `perdure-tsc, ${name}`,
    node: lines[i] ?? 20,
    tools: { typescript },
    files: { "tsconfig.json": tsconfig({}) },
    build: withPerdureTsc,
    args: ["dist/main.js"],
  },
  {
    name: `perdure-tsc, ${name}, CommonJS`,
    node: lines[(i + 1) % lines.length] ?? 20,
    tools: { typescript },
    files: { ...commonJsPackage, "tsconfig.json": tsconfig({ inlineSourceMap: true, sourceMap: false }) },
    build: withPerdureTsc,
    args: ["dist/main.js"],
  },
  ...patchRows.filter((row) => row.tools?.typescript === typescript),
]);
