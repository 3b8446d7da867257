import { sqliteStore, type StepRow } from "perdure";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import type { ModuleInfo } from "unplugin-perdure";

const directory = resolve(import.meta.dirname, "program");

/** Texts by path. */
export type Files = Readonly<Record<string, string>>;

/** The program of all these tests. */
export const program: Files = Object.fromEntries(
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(directory.length + 1), readFileSync(path, "utf8")]),
);

/** The program as somebody would have written it in JavaScript. */
export const javascript: Files = inJavaScript(program, ts.ModuleKind.ESNext);
export const commonJs: Files = { ...inJavaScript(program, ts.ModuleKind.CommonJS), "package.json": JSON.stringify({ name: "shop", private: true }) };

/** The same files without types, with `.js` in their names and imports. */
export function inJavaScript(files: Files, module: ts.ModuleKind): Files {
  const compilerOptions = { module, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: module === ts.ModuleKind.ESNext };
  const toJs = (text: string): string => text.replace(/(["']\.[^"']*)\.ts(["'])/g, "$1.js$2");
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => (name.endsWith(".ts") ? [name.replace(/ts$/, "js"), toJs(ts.transpileModule(text, { compilerOptions }).outputText)] : [name, text])),
  );
}

/** What a run of the program has come to. */
export interface Report {
  readonly result: unknown;
  /** What the compiler knew of each file that was loaded. */
  readonly modules: readonly ModuleInfo[];
  /** Id, location, state and output of each recorded step, in order; without stacks, which name the directory. */
  readonly steps: readonly string[];
  /** The line of the program in the stack of an error that a task threw. */
  readonly stack: string;
}

const row = ({ id, location, state, output }: StepRow): string => `${id} ${location} ${state} ${output?.replace(/\\n {4}at [^"]*/, "")}`;

/** What it has printed and left in its store. */
export async function reported(output: string, database: string): Promise<Report> {
  const json = /^REPORT (.*)$/m.exec(output)?.[1];
  if (json === undefined) throw new Error(`the program has printed no report:\n${output}`);
  const { result, modules, stack }: Omit<Report, "steps"> = JSON.parse(json);
  const store = sqliteStore(database);
  await store.open();
  const steps = await store.steps("order-17");
  await store.close();
  return { result, stack, steps: steps.map(row), modules: modules.toSorted((a, b) => (a.file < b.file ? -1 : 1)) };
}
