import { transformSync } from "esbuild";
import * as perdure from "perdure";
import * as internal from "perdure/internal";
import { compile } from "unplugin-perdure";
import type { Program } from "./random-program.ts";
import type { World } from "./random-world.ts";

const ROOT = "/generated";

export type Entry = (n: unknown) => Promise<unknown>;

/** Modules as JavaScript, by file name. */
export type Scripts = ReadonlyMap<string, string>;

const plainRuntime = { keyed: <R>(_key: string, call: () => R): R => call(), sleep: async (): Promise<void> => {}, taskOptions: <F>(fn: F): F => fn, workflowOptions: <F>(fn: F): F => fn };

/** The program without its types. */
export const stripped = (program: Program): Scripts => new Map(Object.entries(program).map(([file, source]) => [file, toScript(source)]));

/** The same program, compiled first. @throws Error also for a warning: these programs give no reason for one */
export function compiled(program: Program): Scripts {
  const host = { readFile: (path: string) => program[path.slice(ROOT.length + 1)], resolve: (specifier: string) => (specifier.startsWith(".") ? `${ROOT}/${fileOf(specifier)}` : undefined) };
  const scripts = Object.entries(program).map(([file, source]) => {
    const result = compile(source, { id: `${ROOT}/${file}`, root: ROOT, host });
    if (result && result.diagnostics.length > 0) throw new Error(result.diagnostics.map(({ code, line, message }) => `${file}:${line} ${code} ${message}`).join("\n"));
    if (result && lines(result.code) !== lines(source)) throw new Error(`${file} has ${lines(source)} lines, compiled ${lines(result.code)}`);
    return [file, toScript(result?.code ?? source)] as const;
  });
  return new Map(scripts);
}

const lines = (text: string): number => text.split("\n").length;

const toScript = (source: string): string => transformSync(source, { loader: "ts", format: "cjs", target: "node20" }).code;

const fileOf = (specifier: string): string => `${specifier.slice(2).replace(/\.[jt]s$/, "")}.ts`;

/** What compiled code finds for its imports; `plain` takes the place of the runtime where there is none. */
export const runtimes = {
  perdure: { perdure, "perdure/internal": internal },
  plain: { perdure: plainRuntime, "perdure/internal": {} },
};

export type Runtime = (typeof runtimes)["perdure" | "plain"];

/** Evaluates a program anew, as a new process would. */
export function evaluate(scripts: Scripts, world: World, runtime: Runtime): { readonly main: Entry; readonly flow: Entry } {
  const loaded = new Map<string, object>();
  const load = (specifier: string): object => {
    if (specifier === "world") return world.exports;
    if (specifier === "perdure" || specifier === "perdure/internal") return runtime[specifier];
    const file = fileOf(specifier);
    const known = loaded.get(file);
    if (known) return known;
    const module = { exports: {} };
    loaded.set(file, module.exports);
    new Function("require", "module", "exports", `"use strict";${scripts.get(file) ?? ""}`)(load, module, module.exports);
    loaded.set(file, module.exports);
    return module.exports;
  };
  return load("./main.ts") as { main: Entry; flow: Entry };
}
