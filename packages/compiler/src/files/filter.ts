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
const packages = /[\\/]node_modules[\\/]/;
const virtual = /\0/;

/** A filter for the ids of the files to compile, in a form that every bundler can evaluate itself. */
export const idFilter = ({
  include,
  exclude,
}: {
  readonly include?: Patterns;
  readonly exclude?: Patterns;
}): Filter => ({
  include: include === undefined ? [scripts, components] : toList(include).map(toRegExp),
  exclude: [virtual, ...(exclude === undefined ? [packages] : toList(exclude).map(toRegExp))],
});

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
