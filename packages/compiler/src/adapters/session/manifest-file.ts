import type { Manifest, ModuleInfo } from "@perdure/protocol";
import type { BuildOptions, BuildResult } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Options } from "./options.ts";

export interface ManifestFile {
  /** Path relative to the output directory. */
  readonly fileName: string;
  readonly source: string;
}

/** The manifest as a file of the build. `undefined` if it is empty or turned off. */
export function manifestFile(
  manifest: Manifest,
  { manifest: wanted = true }: Pick<Options, "manifest">,
): ManifestFile | undefined {
  if (wanted === false || manifest.modules.length === 0) return undefined;
  return {
    fileName: wanted === true ? "perdure.manifest.json" : wanted,
    source: `${JSON.stringify(manifest, null, 2)}\n`,
  };
}

/** The manifest of these modules, in an order that does not depend on the build. */
export const manifestOf = (modules: Iterable<ModuleInfo>): Manifest => ({
  version: 1,
  modules: [...modules].sort((a, b) => (a.file < b.file ? -1 : 1)),
});

/** A plugin cannot emit files in esbuild. The manifest is written next to the output, or added to the files that esbuild returns. */
export function addToEsbuild(
  { fileName, source }: ManifestFile,
  { outdir, outfile, absWorkingDir = process.cwd(), write = true }: BuildOptions,
  { outputFiles }: BuildResult,
): void {
  const directory = outdir ?? (outfile === undefined ? undefined : dirname(outfile));
  if (directory === undefined) return; // esbuild writes to standard output
  const output = resolve(absWorkingDir, directory);
  if (write) return writeManifest({ fileName, source }, output);
  const contents = Buffer.from(source);
  outputFiles?.push({
    path: join(output, fileName),
    contents,
    hash: createHash("sha256").update(contents).digest("base64url").slice(0, 11),
    text: source,
  });
}

export function writeManifest({ fileName, source }: ManifestFile, directory: string): void {
  const path = join(directory, fileName);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, source);
}
