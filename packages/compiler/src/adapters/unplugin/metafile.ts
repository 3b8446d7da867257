import { resolve } from "node:path";
import { pathOf } from "../../files/paths.ts";
import { name } from "./name.ts";

/** The files of a build, by absolute path: what `metafile` says of esbuild's builds and of Bun's. */
export const inputs = ({ inputs: files }: { readonly inputs: object }, directory = process.cwd()): string[] =>
  Object.keys(files).map((path) => pathOf(resolve(directory, path)));

/** Files that one copy of the plugin has loaded never come to the other. */
export const isAlone = (plugins: readonly { readonly name: string }[] = []): boolean =>
  plugins.filter((plugin) => plugin.name === name).length < 2;
