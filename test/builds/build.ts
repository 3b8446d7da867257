import { transform } from "esbuild";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Manifest } from "unplugin-perdure";

/** The program that every row builds. */
export const program = resolve(import.meta.dirname, "program");
export const sources: readonly string[] = readdirSync(join(program, "src"))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(program, "src", name));
export const main: string = join(program, "src/main.ts");
export const audit: string = join(program, "src/audit.ts");

/** One way to build the program. */
export interface Build {
  /** What is built with, with its version, and how. */
  readonly name: string;
  /** Why stack traces do not show the sources, where a bundler cannot do better. */
  readonly unmapped?: string;
  /** Builds the program at `root` into the empty directory `out`, and gives the arguments with which Node runs it. */
  build(root: string, out: string): Promise<readonly string[]>;
}

/** Options of the plugin: the manifest of the build lies beside its output. */
export const options = (
  root: string,
  out: string,
): { readonly root: string; readonly onManifest: (manifest: Manifest) => void } => ({
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

/** What plugins for TypeScript do. */
export async function stripTypes(
  code: string,
  id: string,
): Promise<{ readonly code: string; readonly map: string } | undefined> {
  if (!id.endsWith(".ts")) return undefined;
  const result = await transform(code, { loader: "ts", sourcefile: id, sourcemap: "external" });
  return { code: result.code, map: result.map };
}

/** The same as a plugin of Rollup, Rolldown or Vite that goes before all others. */
export const stripsFirst = {
  name: "strips-first",
  enforce: "pre" as const,
  transform: { order: "pre" as const, handler: stripTypes },
};

/** `esbuild 0.28.2`, as it is installed. */
export function versioned(name: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  return `${name} ${version}`;
}

const modules = resolve(import.meta.dirname, "../../node_modules");

/** What stays outside of the bundles. */
export const external: readonly RegExp[] = [/^perdure(?:\/|$)/, /^node:/];
