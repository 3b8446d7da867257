import { isAbsolute, resolve } from "node:path";
import picomatch from "picomatch";

/** A regular expression on the path, or a glob from the current directory. */
type Pattern = string | RegExp;
export type Patterns = Pattern | readonly Pattern[];

export interface Filter {
  readonly include: RegExp[];
  readonly exclude: RegExp[];
}

export const scripts = /\.[cm]?[jt]sx?(?:\?.*)?$/;
const packages = /[\\/]node_modules[\\/]/;
const virtual = /\0/;

/** The file ids that the plugin looks at, in a form that every bundler can filter by itself. */
export const idFilter = ({
  include,
  exclude,
}: {
  readonly include?: Patterns;
  readonly exclude?: Patterns;
}): Filter => ({
  include: include === undefined ? [scripts] : toList(include).map(toRegExp),
  exclude: [virtual, ...(exclude === undefined ? [packages] : toList(exclude).map(toRegExp))],
});

export const passes = ({ include, exclude }: Filter, id: string): boolean =>
  include.some((each) => each.test(id)) && !exclude.some((each) => each.test(id));

const toList = (patterns: Patterns): Pattern[] => [patterns].flat();

/** Without the flags `g` and `y`, which remember where the last test ended. */
function toRegExp(pattern: Pattern): RegExp {
  if (pattern instanceof RegExp) return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
  return picomatch.makeRe(pattern.startsWith("**") || isAbsolute(pattern) ? pattern : escapeBase(pattern), {
    dot: true,
  });
}

/** The current directory may have a name that means something in a glob. */
const escapeBase = (glob: string): string =>
  `${resolve()
    .replaceAll("\\", "/")
    .replace(/[\^$*+?.()|[\]{}]/g, "\\$&")}/${glob.replace(/^\.\//, "")}`;
