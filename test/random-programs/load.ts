import { transformSync } from "esbuild";
import * as perdure from "perdure";
import * as internal from "perdure/internal";
import { compile, type CompileResult } from "unplugin-perdure";
import { mappingFaults } from "../../packages/compiler/test/maps.ts";
import type { Program } from "./program.ts";
import type { World } from "./world.ts";

const ROOT = "/generated";

export type Entry = (n: unknown) => Promise<unknown>;

/** Modules as JavaScript, by file name. */
export type Scripts = ReadonlyMap<string, string>;

export const plainRuntime = {
  keyed: <R>(_key: string, call: () => R): R => call(),
  shield: <R>(call: () => R): R => call(),
  sleep: async (): Promise<void> => {},
  signal: async (): Promise<void> => {},
  taskOptions: <F>(fn: F): F => fn,
  workflowOptions: <F>(fn: F): F => fn,
};

/** The program without its types. */
export const stripped = (program: Program): Scripts =>
  new Map(Object.entries(program).map(([file, source]) => [file, toScript(source)]));

/**
 * The same program, compiled first.
 * @param checked - whether warnings, lines and source maps are looked at too
 * @throws Error for what no output may be
 */
export function compiled(program: Program, checked = true): Scripts {
  const host = {
    readFile: (path: string) => program[path.slice(ROOT.length + 1)],
    resolve: (specifier: string) => (specifier.startsWith(".") ? `${ROOT}/${fileOf(specifier)}` : undefined),
  };
  const scripts = Object.entries(program).map(([file, source]) => {
    const result = compile(source, { id: `${ROOT}/${file}`, root: ROOT, host });
    const faults = result && checked ? faultsOf(source, result) : [];
    if (faults.length > 0) throw new Error(`${file}: ${faults.join("\n")}`);
    return [file, toScript(result?.code ?? source)] as const;
  });
  return new Map(scripts);
}

/** Warnings that these programs give no reason for, lines that moved, and tokens that are not mapped to where they come from. */
function faultsOf(source: string, result: CompileResult): string[] {
  const moved =
    lines(result.code) === lines(source) ? [] : [`${lines(source)} lines have become ${lines(result.code)}`];
  return [
    ...result.diagnostics.map(({ code, line, message }) => `${line} ${code} ${message}`),
    ...moved,
    ...mappingFaults(source, result, "ts"),
  ];
}

const lines = (text: string): number => text.split("\n").length;

const toScript = (source: string): string =>
  transformSync(source, { loader: "ts", format: "cjs", target: "node20" }).code;

const fileOf = (specifier: string): string => `${specifier.slice(2).replace(/\.[jt]s$/, "")}.ts`;

/** What compiled code finds for its imports; `plain` takes the place of the runtime where there is none. */
export const runtimes = {
  perdure: { perdure, "perdure/internal": internal },
  plain: { perdure: plainRuntime, "perdure/internal": {} },
};

export type Runtime = (typeof runtimes)["perdure" | "plain"];

/** Evaluates a program anew, as a new process would. */
export function evaluate(
  scripts: Scripts,
  world: World,
  runtime: Readonly<Record<keyof Runtime, object>>,
): { readonly main: Entry; readonly flow: Entry } {
  const loaded = new Map<string, object>();
  const load = (specifier: string): object => {
    if (specifier === "world") return world.exports;
    if (specifier === "perdure" || specifier === "perdure/internal") return runtime[specifier];
    const file = fileOf(specifier);
    const known = loaded.get(file);
    if (known) return known;
    const module = { exports: {} };
    loaded.set(file, module.exports);
    new Function("require", "module", "exports", `"use strict";${scripts.get(file) ?? ""}`)(
      load,
      module,
      module.exports,
    );
    loaded.set(file, module.exports);
    return module.exports;
  };
  return load("./main.ts") as { main: Entry; flow: Entry };
}
