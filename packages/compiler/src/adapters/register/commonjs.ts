import fs from "node:fs";
import { Module } from "node:module";
import { dirname, extname, join } from "node:path";
import { readPackageJson, type PackageJson } from "../../files/package-json.ts";
import type { CompiledFile, Files } from "./files.ts";

/** A module of the CommonJS loader, as far as it is needed here. */
interface CommonJsModule {
  _compile?: unknown;
}

/**
 * Require hooks (Node's own, tsx, …) read a file by themselves. They are given the compiled text in place of the file's, so that it does not
 * matter which of them there are and in which order they came.
 */
export function hookCommonJs(files: Files): void {
  const prototype: object = Module.prototype;
  const load: unknown = Reflect.get(prototype, "load");
  if (typeof load !== "function") throw new TypeError("Module.prototype.load is a function in every Node");
  const hooked = function (this: CommonJsModule, filename: string): void {
    const file = files.wants(filename) ? files.compile(filename, isCommonJs(filename)) : undefined;
    const stop = file && intercept(this, file);
    try {
      Reflect.apply(load, this, [filename]);
    } finally {
      stop?.();
    }
  };
  Reflect.set(prototype, "load", hooked);
}

/** Whether a file is CommonJS when its text does not say what it is. */
function isCommonJs(filename: string): boolean {
  const extension = extname(filename);
  return extension.startsWith(".c") || (!extension.startsWith(".m") && packageType(dirname(filename)) !== "module");
}

function packageType(directory: string): PackageJson["type"] | undefined {
  const above = dirname(directory);
  const found = readPackageJson(join(directory, "package.json"))?.type;
  return found ?? (above === directory ? undefined : packageType(above));
}

/** From now until the module is compiled, its file reads as the compiled text. Returns what ends this. */
function intercept(module: CommonJsModule, file: CompiledFile): () => void {
  const { readFileSync } = fs;
  const reads = (path: unknown, ...rest: unknown[]): unknown => {
    if (path !== file.path) return Reflect.apply(readFileSync, fs, [path, ...rest]);
    return rest.length === 0 ? Buffer.from(file.text) : file.text;
  };
  const stop = (): void => {
    if (fs.readFileSync === reads) Reflect.set(fs, "readFileSync", readFileSync);
  };
  Reflect.set(fs, "readFileSync", reads);
  whenCompiled(module, (text) => {
    stop();
    // Node may have read it before
    if (text === withoutMark(file.source)) return file.text;
    file.verify(text);
    return text;
  });
  return stop;
}

/** Replaces the text that the module is compiled from. */
function whenCompiled(module: CommonJsModule, replace: (text: string) => string): void {
  const { _compile: compile } = module;
  if (typeof compile !== "function") throw new TypeError("Module.prototype._compile is a function in every Node");
  module._compile = function (this: CommonJsModule, text: string, ...rest: unknown[]): unknown {
    delete module._compile;
    return Reflect.apply(compile, this, [replace(withoutMark(text)), ...rest]);
  };
}

const withoutMark = (text: string): string => (text.startsWith("\uFEFF") ? text.slice(1) : text);
