import fs from "node:fs";
import { createRequire, Module } from "node:module";
import { dirname, extname, join } from "node:path";
import { readPackageJson, type PackageJson } from "../../files/package-json.ts";
import type { CompiledFile, Files } from "./files.ts";

/** The part of a CommonJS module that is used here. */
interface CommonJsModule {
  _compile?: unknown;
}

/**
 * Require hooks (Node's own, tsx, …) read files themselves. While a module loads, reading its file returns the compiled text. So it does not
 * matter which hooks there are, or in which order they were installed.
 */
export function hookCommonJs(files: Files, hasSynchronousHooks: boolean): void {
  const prototype: object = Module.prototype;
  const load: unknown = Reflect.get(prototype, "load");
  if (typeof load !== "function") throw new TypeError("Module.prototype.load is a function in every Node");
  const hooked = function (this: CommonJsModule, filename: string): void {
    const isOwn = files.includes(filename);
    if (isOwn && !hasSynchronousHooks && !isCommonJs(filename)) loadFirst(files.importsOf(filename), filename);
    const file = isOwn ? files.compile(filename, isCommonJs(filename)) : undefined;
    const stop = file && intercept(this, file);
    try {
      Reflect.apply(load, this, [filename]);
    } finally {
      stop?.();
    }
  };
  Reflect.set(prototype, "load", hooked);
}

/**
 * Where an ES module is loaded by `require`, hooks of another thread do not see what it imports. A module that was loaded by `require` before is
 * taken as it is.
 */
function loadFirst(imports: readonly string[], filename: string): void {
  const require = createRequire(filename);
  for (const each of imports) if (!isCommonJs(each)) require(each);
}

/** Whether a file is CommonJS if its text has no imports and exports. */
function isCommonJs(filename: string): boolean {
  const extension = extname(filename);
  return extension.startsWith(".c") || (!extension.startsWith(".m") && packageType(dirname(filename)) !== "module");
}

function packageType(directory: string): PackageJson["type"] | undefined {
  const above = dirname(directory);
  const found = readPackageJson(join(directory, "package.json"))?.type;
  return found ?? (above === directory ? undefined : packageType(above));
}

/** Until the module is compiled, reading its file returns the compiled text. Returns a function that ends this early. */
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
    // Node may have read the file before the interception began
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
