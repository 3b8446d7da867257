import { isAbsolute, resolve } from "node:path";
import picomatch from "picomatch";
import { components } from "./paths.ts";

/** A regular expression on the path, or a glob relative to the current directory. */
type Pattern = string | RegExp;
export type Patterns = Pattern | readonly Pattern[];

export interface Filter {
  readonly include: RegExp[];
  readonly exclude: RegExp[];
}

export const scripts = /\.[cm]?[jt]sx?(?:\?.*)?$/;
const virtual = /\0/;

/** A filter for the ids of the files to compile, in a form that every bundler can evaluate itself. */
export const idFilter = ({
  include,
  exclude,
  packages = [],
}: {
  readonly include?: Patterns;
  readonly exclude?: Patterns;
  /** The names of installed packages that are not excluded. */
  readonly packages?: readonly string[];
}): Filter => ({
  include:
    include === undefined ? [scripts, components] : [...toList(include).map(toRegExp), ...packages.flatMap(filesOf)],
  exclude: [virtual, ...(exclude === undefined ? [installedBut(packages)] : toList(exclude).map(toRegExp))],
});

const modules = "[\\\\/]node_modules[\\\\/]";

/** The path of a package in `node_modules`, however deep, and no package that is nested in it. */
const pathOfPackage = (names: readonly string[]): string =>
  `(?:${names.map((name) => name.replace(/[^\w@/-]/g, "\\$&").replaceAll("/", "[\\\\/]")).join("|")})[\\\\/](?!.*${modules})`;

const filesOf = (name: string): RegExp[] =>
  [scripts, components].map(({ source }) => new RegExp(`${modules}${pathOfPackage([name])}.*${source}`));

/** Everything in `node_modules` but the named packages. */
const installedBut = (names: readonly string[]): RegExp =>
  new RegExp(names.length === 0 ? modules : `${modules}(?!(?:.*${modules})?${pathOfPackage(names)})`);

/** Matches the imports of these packages, and of what is below them. Nothing if there are none. */
export function importsOf(packages: readonly string[] = []): RegExp | undefined {
  const names = packages.map((name) => name.replace(/[^\w@/-]/g, "\\$&")).join("|");
  return names === "" ? undefined : new RegExp(`^(?:${names})(?:/|$)`);
}

export const passes = ({ include, exclude }: Filter, id: string): boolean =>
  include.some((each) => each.test(id)) && !exclude.some((each) => each.test(id));

const toList = (patterns: Patterns): Pattern[] => [patterns].flat();

/** Removes the flags `g` and `y`, which make a test depend on the previous one. */
function toRegExp(pattern: Pattern): RegExp {
  if (pattern instanceof RegExp) return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
  return picomatch.makeRe(pattern.startsWith("**") || isAbsolute(pattern) ? pattern : escapeBase(pattern), {
    dot: true,
  });
}

/** The path of the current directory may contain characters that are special in a glob. */
const escapeBase = (glob: string): string =>
  `${resolve()
    .replaceAll("\\", "/")
    .replace(/[\^$*+?.()|[\]{}]/g, "\\$&")}/${glob.replace(/^\.\//, "")}`;
