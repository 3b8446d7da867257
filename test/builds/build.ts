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
  /** The bundler, its version, and the kind of build. */
  readonly name: string;
  /** Why stack traces do not show the sources, if the bundler cannot map them. */
  readonly unmapped?: string;
  /** Builds the program at `root` into the empty directory `out` and returns the arguments with which Node runs it. */
  build(root: string, out: string): Promise<readonly string[]>;
}

/** Options of the plugin that write the manifest beside the output of the build. */
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

/** Writes a program that imports several builds of the same modules, in this order. */
export function loading(out: string, ...files: readonly string[]): string {
  const file = join(out, "all.mjs");
  write(file, files.map((each) => `import ${JSON.stringify(each)};\n`).join(""));
  return file;
}

/** Strips types, as a plugin for TypeScript does. */
export async function stripTypes(
  code: string,
  id: string,
): Promise<{ readonly code: string; readonly map: string } | undefined> {
  if (!id.endsWith(".ts")) return undefined;
  const result = await transform(code, { loader: "ts", sourcefile: id, sourcemap: "external" });
  return { code: result.code, map: result.map };
}

/** Strips types as a plugin of Rollup, Rolldown or Vite that runs before all others. */
export const stripsFirst = {
  name: "strips-first",
  enforce: "pre" as const,
  transform: { order: "pre" as const, handler: stripTypes },
};

/** The name and installed version of a package, such as `esbuild 0.28.2`. */
export function versioned(name: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  return `${name} ${version}`;
}

const modules = resolve(import.meta.dirname, "../../node_modules");

/** The packages that are not bundled. */
export const external: readonly RegExp[] = [/^perdure(?:\/|$)/, /^node:/];
