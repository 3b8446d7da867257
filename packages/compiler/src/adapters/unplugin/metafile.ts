import { resolve } from "node:path";
import { pathOf } from "../../files/paths.ts";
import { member } from "../../files/json.ts";
import type { Edges } from "./graph.ts";
import { name } from "./name.ts";

/** The absolute paths of the files of a build, from the metafile of esbuild or Bun. */
export const inputs = ({ inputs: files }: { readonly inputs: object }, directory = process.cwd()): string[] =>
  Object.keys(files).map((path) => pathOf(resolve(directory, path)));

/** The imports of the modules of a build. What a plugin loads from a namespace of its own is not a file: `virtual:tasks`. */
export function* imports({ inputs: files }: { readonly inputs: object }, directory = process.cwd()): Edges {
  const idOf = (path: string): string => (/^[\w-]{2,}:/.test(path) ? path : resolve(directory, path));
  for (const [path, input] of Object.entries(files)) yield [idOf(path), importedBy(input).map(idOf)];
}

function importedBy(input: unknown): string[] {
  const list = member(input, "imports");
  const paths = Array.isArray(list) ? list.map((each) => member(each, "path")) : [];
  return paths.filter((path) => typeof path === "string");
}

/** Whether the build has only one copy of the plugin. A file loaded by one copy is never passed to another. */
export const isAlone = (plugins: readonly { readonly name: string }[] = []): boolean =>
  plugins.filter((plugin) => plugin.name === name).length < 2;
