import { resolve } from "node:path";
import { pathOf } from "../../files/paths.ts";
import { name } from "./name.ts";

/** The absolute paths of the files of a build, from the metafile of esbuild or Bun. */
export const inputs = ({ inputs: files }: { readonly inputs: object }, directory = process.cwd()): string[] =>
  Object.keys(files).map((path) => pathOf(resolve(directory, path)));

/** Whether the build has only one copy of the plugin. A file loaded by one copy is never passed to another. */
export const isAlone = (plugins: readonly { readonly name: string }[] = []): boolean =>
  plugins.filter((plugin) => plugin.name === name).length < 2;
