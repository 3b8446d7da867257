import { parseSync, type Comment, type Program } from "oxc-parser";
import { components, pathOf } from "../../files/paths.ts";

export interface Parsed {
  /** Absolute path, without a query. */
  readonly file: string;
  readonly source: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** The first syntax error. */
  readonly error: { readonly message: string; readonly start: number; readonly end: number } | undefined;
  /** Offset of the next character `char` at or after `from` that is not in a comment. */
  readonly find: (char: string, from: number) => number;
  /** Offset of the next character at or after `from` that is neither white space nor in a comment. */
  readonly skip: (from: number) => number;
}

type Lang = "ts" | "tsx" | "jsx";

/** JavaScript is parsed as JSX, which may be in `.js` files too. The id of a part of another file contains its language: `a.vue?lang.ts`. */
function langOf(id: string): Lang {
  const extension = /[?&]lang\.([jt]sx?)\b/.exec(id)?.[1] ?? /\.[cm]?([jt]sx?)$/.exec(pathOf(id))?.[1];
  return extension === "ts" || extension === "tsx" ? extension : "jsx";
}

export function parse(id: string, source: string): Parsed {
  const file = pathOf(id);
  const lang = langOf(id);
  const first = parseSync(file, source, { lang, astType: "ts" });
  // `return` and `with` at the top level are legal only in CommonJS
  const result = first.errors.length > 0 && lang !== "tsx" ? retry(file, source, lang, first) : first;
  const failure = result.errors.find((each) => each.severity === "Error");
  return {
    file,
    source,
    program: result.program,
    comments: result.comments,
    error: failure && {
      message: failure.message,
      start: failure.labels[0]?.start ?? 0,
      end: failure.labels[0]?.end ?? 0,
    },
    ...scanner(source, result.comments),
  };
}

function retry(
  file: string,
  source: string,
  lang: Lang,
  first: ReturnType<typeof parseSync>,
): ReturnType<typeof parseSync> {
  const second = parseSync(file, source, { lang, astType: "ts", sourceType: "commonjs" });
  if (second.errors.length === 0) return second;
  // the plugin of a framework may leave the types of a component to the bundler
  const third =
    lang === "jsx" && components.test(file) ? parseSync(file, source, { lang: "ts", astType: "ts" }) : first;
  return third.errors.length === 0 ? third : first;
}

function scanner(source: string, comments: readonly Comment[]): Pick<Parsed, "find" | "skip"> {
  const endOfComment = new Map(comments.map(({ start, end }) => [start, end]));
  const next = (from: number, stop: (char: string) => boolean): number => {
    let at = from;
    while (at < source.length) {
      const end = endOfComment.get(at);
      if (end !== undefined) at = end;
      else if (stop(source[at] ?? "")) return at;
      else at++;
    }
    return at;
  };
  return {
    find: (char, from) => next(from, (each) => each === char),
    skip: (from) => next(from, (each) => !/[\s\uFEFF]/.test(each)),
  };
}
