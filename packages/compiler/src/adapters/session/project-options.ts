import { checkOptions } from "@perdure/protocol";
import { join, resolve } from "node:path";
import { readPackageJson } from "../../files/package-json.ts";
import { directiveWords, manifestName, packageNames, warningLevels } from "./check-options.ts";
import type { Options } from "./options.ts";

export type ProjectOptions = Required<Pick<Options, "root" | "directives" | "warnings" | "manifest" | "packages">>;

/**
 * The options of adapters without a configuration file: `$PERDURE_ROOT`, and the field `perdure` of the package.json in `directory`.
 *
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function projectOptions(directory: string = process.cwd()): ProjectOptions {
  const { PERDURE_ROOT: root } = process.env;
  const given = readPackageJson(join(directory, "package.json"))?.perdure;
  return {
    root: root === undefined ? directory : resolve(directory, root),
    ...valuesOf(given === undefined ? {} : (given as object), '"perdure" in package.json'),
  };
}

/**
 * The options that JSON can hold, with their defaults.
 *
 * @param more - names of other options, which their owner reads
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function valuesOf(
  given: { readonly [Name in keyof Omit<ProjectOptions, "root">]?: unknown },
  owner: string,
  more: readonly string[] = [],
): Omit<ProjectOptions, "root"> {
  const others = Object.fromEntries(more.map((name) => [name, true] as const));
  checkOptions(given, { directives: true, warnings: true, manifest: true, packages: true, ...others }, owner);
  return {
    directives: directiveWords(given.directives, owner),
    warnings: warningLevels(given.warnings, owner),
    manifest: manifestName(given.manifest, owner),
    packages: packageNames(given.packages, owner),
  };
}
