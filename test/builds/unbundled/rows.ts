import type { NodeLine } from "../../nodes.ts";
import type { App, Tools } from "./app.ts";
import { commonJs, javascript, type Files } from "./program.ts";

/** One way to run the program without a bundler. */
export interface Row {
  readonly name: string;
  readonly node: NodeLine;
  readonly tools?: Tools;
  /** By default the TypeScript program. */
  readonly program?: Files;
  /** Files besides the program's own. */
  readonly files?: Files;
  /** What has to be done before the program can run. */
  readonly build?: (app: App) => Promise<void>;
  /** Arguments with which Node runs it. */
  readonly args: readonly string[];
}

const register = ["--import", "unplugin-perdure/register"];
const tsx = ["--import", "tsx"];
const main = "src/main.ts";
const commonJsPackage: Files = { "package.json": JSON.stringify({ name: "shop", private: true }) };

export const registerRows: readonly Row[] = [
  ...([20, 22, 24] as const).flatMap((node): Row[] => [
    { name: `Node ${node}, register, JavaScript`, node, program: javascript, args: [...register, "src/main.js"] },
    { name: `Node ${node}, register, CommonJS`, node, program: commonJs, args: [...register, "src/main.js"] },
    { name: `Node ${node}, register, tsx, TypeScript in a CommonJS package`, node, files: commonJsPackage, args: [...register, ...tsx, main] },
    { name: `Node ${node}, tsx, register, TypeScript in a CommonJS package`, node, files: commonJsPackage, args: [...tsx, ...register, main] },
    { name: `Node ${node}, tsx, register, CommonJS`, node, program: commonJs, args: [...tsx, ...register, "src/main.js"] },
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
