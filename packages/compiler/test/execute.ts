import { transformSync } from "esbuild";
import { posix } from "node:path";
import { parseSync } from "oxc-parser";
import { compile, type CompileOptions } from "../src/compile.ts";
import { stubAbi, type Trace } from "./stub.ts";

export type Files = Readonly<Record<string, string>>;

export interface Execution {
  readonly exports: Record<string, unknown>;
  readonly log: unknown[];
  readonly trace: Trace;
  readonly defined: Map<unknown, string>;
}

export const root = "/app";

/** A host over files in memory. */
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

export function assertParses(code: string, name: string): void {
  const { errors } = parseSync(name, code, { lang: /\.[cm]?ts$/.test(name) ? "ts" : "tsx" });
  if (errors.length > 0) throw new Error(`${name}: ${errors.map((each) => each.message).join("; ")}\n${code}`);
}

/** Runs the program `entry`, compiled or as it is. */
export function execute(files: Files, entry: string, mode: "plain" | "compiled"): Execution {
  const log: unknown[] = [];
  const trace: Trace = [];
  const defined = new Map<unknown, string>();
  const abi = stubAbi(trace, defined);
  const loaded = new Map<string, { exports: Record<string, unknown> }>();
  const host = memoryHost(files);
  const runtime = { sleep: async () => "slept", start: async (fn: () => unknown) => fn(), keyed: (_: string, fn: () => unknown) => fn() };

  const load = (name: string): Record<string, unknown> => {
    const before = loaded.get(name);
    if (before) return before.exports;
    const module = { exports: {} as Record<string, unknown> };
    loaded.set(name, module);
    const source = files[name] ?? "";
    const code = mode === "compiled" ? (compileFile(files, name)?.code ?? source) : source;
    assertParses(code, name);
    const loader = name.endsWith(".tsx") ? "tsx" : name.endsWith("ts") ? "ts" : "jsx";
    const js = transformSync(code, { loader, format: "cjs", target: "es2022", supported: { "dynamic-import": false } }).code;
    const require = (specifier: string): unknown => {
      if (specifier === "perdure/internal") return abi;
      if (specifier === "perdure") return runtime;
      return load((host.resolve(specifier) ?? "").replace(`${root}/`, ""));
    };
    new Function("require", "module", "exports", "log", js)(require, module, module.exports, (...values: unknown[]) => log.push(...values));
    return module.exports;
  };
  return { exports: load(entry), log, trace, defined };
}
