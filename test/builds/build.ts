import type { Manifest } from "unplugin-perdure";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The program that every row builds. */
export const program = resolve(import.meta.dirname, "program");
export const sources: readonly string[] = readdirSync(join(program, "src")).filter((name) => name.endsWith(".ts")).map((name) => join(program, "src", name));
export const main: string = join(program, "src/main.ts");
export const audit: string = join(program, "src/audit.ts");

/** One way to build the program. */
export interface Build {
  /** What is built with, with its version, and how. */
  readonly name: string;
  /** Why stack traces do not show the sources, where a bundler cannot do better. */
  readonly unmapped?: string;
  /** The process holds more than one copy of the runtime, and says so. */
  readonly copies?: true;
  /** Builds the program at `root` into the empty directory `out`, and gives the arguments with which Node runs it. */
  build(root: string, out: string): Promise<readonly string[]>;
}

/** Options of the plugin: the manifest of the build lies beside its output. */
export const options = (root: string, out: string): { readonly root: string; readonly onManifest: (manifest: Manifest) => void } => ({
  root,
  onManifest: (manifest) => write(join(out, "manifest.json"), JSON.stringify(manifest, undefined, 2)),
});

export function write(file: string, text: string): void {
  mkdirSync(resolve(file, ".."), { recursive: true });
  writeFileSync(file, text);
}

/** A program that loads several builds of the same modules, in this order. */
export function loading(out: string, ...files: readonly string[]): string {
  const file = join(out, "all.mjs");
  write(file, files.map((each) => `import ${JSON.stringify(each)};\n`).join(""));
  return file;
}

/** `esbuild 0.28.2`, as it is installed. */
export function versioned(name: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  return `${name} ${version}`;
}

const modules = resolve(import.meta.dirname, "../../node_modules");

/** What stays outside of the bundles. */
export const external: readonly RegExp[] = [/^perdure(?:\/|$)/, /^node:/];
