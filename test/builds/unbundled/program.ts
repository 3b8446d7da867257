import { sqliteStore, type StepRow } from "perdure";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import type { ModuleInfo } from "unplugin-perdure";

/** Contents by path. */
export type Files = Readonly<Record<string, string>>;

/** The program that these tests run. */
export const program: Files = filesOf("program");

/** A program with everything that a compiler restructures: decorators, fields, namespaces, enums, `using`, JSX. */
export const features: Files = { ...filesOf("fixtures/features"), ...filesOf("fixtures/react", "node_modules/react/") };

function filesOf(name: string, prefix = ""): Files {
  const directory = resolve(import.meta.dirname, name);
  const paths = readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
  return Object.fromEntries(
    paths.map((path) => [prefix + path.slice(directory.length + 1), readFileSync(path, "utf8")]),
  );
}

/** The program written in JavaScript. */
export const javascript: Files = inJavaScript(program, ts.ModuleKind.ESNext);
export const commonJs: Files = {
  ...inJavaScript(program, ts.ModuleKind.CommonJS),
  "package.json": JSON.stringify({ name: "shop", private: true }),
};

/** The same files without types, with `.js` in their names and imports. */
export function inJavaScript(files: Files, module: ts.ModuleKind): Files {
  const compilerOptions = {
    module,
    target: ts.ScriptTarget.ES2022,
    jsx: ts.JsxEmit.ReactJSX,
    rewriteRelativeImportExtensions: true,
  };
  const transpiled = (text: string, fileName: string): string =>
    ts.transpileModule(text, { fileName, compilerOptions }).outputText;
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) =>
      /\.tsx?$/.test(name) ? [name.replace(/tsx?$/, "js"), transpiled(text, name)] : [name, text],
    ),
  );
}

/** The outcome of a run of the program. */
export interface Report {
  readonly result: unknown;
  /** The compiler's information about each loaded file. */
  readonly modules: readonly ModuleInfo[];
  /** Id, location, state and output of each recorded step, in order, without stacks, which contain the directory. */
  readonly steps: readonly string[];
  /** The stack frame of the program in an error thrown by a task. */
  readonly stack: string;
}

const row = ({ id, location, state, output }: StepRow): string =>
  `${id} ${location} ${state} ${output?.replace(/\\n {4}at [^"]*/, "")}`;

/** Reads the report that the program has printed, and its store. */
export async function reported(output: string, database: string): Promise<Report> {
  const json = /^REPORT (.*)$/m.exec(output)?.[1];
  if (json === undefined) throw new Error(`the program has printed no report:\n${output}`);
  const { result, modules, stack }: Omit<Report, "steps"> = JSON.parse(json);
  const store = sqliteStore(database);
  await store.open();
  const [run] = await store.listRuns({});
  const steps = run ? await store.steps(run.id) : [];
  await store.close();
  return { result, stack, steps: steps.map(row), modules: modules.toSorted((a, b) => (a.file < b.file ? -1 : 1)) };
}
