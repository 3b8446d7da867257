import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Build } from "perdure/tools";
import { EXIT, Failure } from "./failure.ts";

type BuildOptions = NonNullable<ConstructorParameters<typeof Build>[2]>;

/**
 * The build with these manifests. Several services may work on one store: their manifests are read as one.
 * @param paths - of manifests, or of directories with one
 */
export function buildOf(paths: readonly string[], options: BuildOptions = {}): Build {
  const files = paths.map((path) => (isDirectory(path) ? join(path, "perdure.manifest.json") : path));
  const modules = files.flatMap((file) => {
    const manifest = readManifest(file);
    const { modules: of = [] } = manifest as { readonly modules?: readonly unknown[] };
    if (files.length === 1) return [];
    new Build(manifest, file); // so that the message about a mistake names the file
    return of;
  });
  const [only = ""] = files;
  const all = files.length === 1 ? readManifest(only) : { version: 1, modules };
  return new Build(all, only, options);
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function readManifest(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const why = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new Failure(
      EXIT.missing,
      "MANIFEST_MISSING",
      `${file} ${why}\n  → name the perdure.manifest.json that the build with unplugin-perdure writes beside its output`,
    );
  }
}
