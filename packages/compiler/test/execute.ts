import { transformSync, type Loader } from "esbuild";
import { posix } from "node:path";
import { parseSync } from "oxc-parser";
import { Session } from "../src/adapters/session/session.ts";
import { compile, type CompileOptions } from "../src/compile/compile.ts";
import type { Diagnostic } from "../src/diagnostics/diagnostic.ts";
import { stubAbi, type Trace } from "./stub.ts";

export type Files = Readonly<Record<string, string>>;

export interface Execution {
  readonly exports: Record<string, unknown>;
  readonly log: unknown[];
  readonly trace: Trace;
  readonly defined: Map<unknown, string>;
}

export const root = "/app";

/** A host that reads files from memory. */
export function memoryHost(files: Files) {
  return {
    scripts: () => Object.keys(files).map((name) => `${root}/${name}`),
    readFile: (path: string) => files[path.replace(`${root}/`, "")],
    resolve: (specifier: string, importer = `${root}/main.ts`) => {
      const name = posix.relative(root, posix.join(posix.dirname(importer), specifier)).replace(/\.js$/, ".ts");
      const found = [name, `${name}.ts`, `${name}.js`, `${name}.cjs`].find((each) => each in files);
      return specifier.startsWith(".") && found ? `${root}/${found}` : undefined;
    },
  };
}

export function compileFile(files: Files, name: string, options: Partial<CompileOptions> = {}) {
  return compile(files[name] ?? "", { id: `${root}/${name}`, root, host: memoryHost(files), ...options });
}

/** What a build says in which another plugin turns `virtual:name` into a module that exports all of `src/name.ts`. */
export function notFollowed(files: Files): Diagnostic[] {
  const session = new Session({ root }, memoryHost(files));
  const edges = Object.entries(files).flatMap(([name, source]) =>
    [...source.matchAll(/"(virtual:(\w+))"/g)].flatMap(([, id = "", target]) => [
      [`${root}/${name}`, [`\0${id}`]] as const,
      [`\0${id}`, [`${root}/src/${target}.ts`]] as const,
    ]),
  );
  return session.notFollowed(edges);
}

export function assertParses(code: string, name: string): void {
  const lang = /\.[cm]?ts$/.test(name) ? "ts" : "tsx";
  const modules = parseSync(name, code, { lang }).errors;
  // a script may return, or call a variable `await`
  const errors = modules.length > 0 ? parseSync(name, code, { lang, sourceType: "commonjs" }).errors : modules;
  if (errors.length > 0) throw new Error(`${name}: ${modules.map((each) => each.message).join("; ")}\n${code}`);
}

export type Mode = "plain" | "compiled";

const loaderOf = (name: string): Loader => (name.endsWith(".tsx") ? "tsx" : /\.[cm]?ts$/.test(name) ? "ts" : "jsx");

/**
 * Loads the program `entry`, compiled or unchanged, with its types stripped, and returns the exports.
 * @param modules - the exports of imported packages
 */
export function load(
  files: Files,
  entry: string,
  mode: Mode,
  modules: Readonly<Record<string, unknown>>,
  log: (...values: unknown[]) => void,
): Record<string, unknown> {
  const loaded = new Map<string, { exports: Record<string, unknown> }>();
  const host = memoryHost(files);
  const tsconfigRaw = files["tsconfig.json"] ?? "{}";
  const loadFile = (name: string): Record<string, unknown> => {
    const before = loaded.get(name);
    if (before) return before.exports;
    const module = { exports: {} as Record<string, unknown> };
    loaded.set(name, module);
    const source = files[name] ?? "";
    const code = mode === "compiled" ? (compileFile(files, name)?.code ?? source) : source;
    assertParses(code, name);
    const js = transformSync(code, {
      loader: loaderOf(name),
      format: "cjs",
      target: "es2022",
      supported: { "dynamic-import": false },
      tsconfigRaw,
    }).code;
    const require = (specifier: string): unknown =>
      modules[specifier] ?? loadFile((host.resolve(specifier) ?? "").replace(`${root}/`, ""));
    new Function("require", "module", "exports", "log", js.replace(/^#!.*/, ""))(require, module, module.exports, log);
    return module.exports;
  };
  return loadFile(entry);
}

/** A runtime whose operations behave as they do outside a run: as plain calls. */
export const plainRuntime = {
  sleep: async () => {},
  start: async (fn: () => unknown) => fn(),
  keyed: (_: string, fn: () => unknown) => fn(),
  shield: (fn: () => unknown) => fn(),
  taskOptions: <F>(fn: F): F => fn,
  workflowOptions: <F>(fn: F): F => fn,
};

/** Runs the program `entry`, either unchanged or compiled for an ABI that records its calls. */
export function execute(files: Files, entry: string, mode: Mode): Execution {
  const log: unknown[] = [];
  const trace: Trace = [];
  const defined = new Map<unknown, string>();
  const modules = { perdure: plainRuntime, "perdure/internal": stubAbi(trace, defined) };
  return { exports: load(files, entry, mode, modules, (...values) => void log.push(...values)), log, trace, defined };
}
