const keywords = /\b(?:from|import|require|export(?=\s+type\b))\b/g;

/**
 * Imports of types alone, from `import` or `export` at the beginning of a line to `from`. Nothing in there can be a comment or string, so either all of it is
 * code or none. `import type from "x"` and `import { type as a } from "x"` import values.
 */
const typesOnly =
  /^(?:import\s+type\s+(?:\{[\w\s,$]*\}|\*\s*as\s+[\w$]+|(?!from\b)[\w$]+)|export\s+type\s+(?:\{[\w\s,$]*\}|\*(?:\s*as\s+[\w$]+)?)|import\s*\{\s*(?:type\s+(?!as\b)[\w$]+(?:\s+as\s+[\w$]+)?\s*(?:,\s*|(?=\})))+\})\s*from\b/;

/** `require` with a letter that is written as an escape. `import` and `from` cannot be. */
const escapedRequire = /\\u(?:00|\{0*)(?:72|65|71|75|69)/i;

/**
 * The modules that a text imports values from, found without a syntax tree: all of them, and possibly others, which are named in comments and strings or
 * whose types are imported. `undefined` if the text does not tell.
 */
export function importsInText(source: string): readonly string[] | undefined {
  if (source.includes("\\u") && escapedRequire.test(source)) return undefined;
  const found = new Set<string>();
  /** Where the `from` of the last import of types alone stands. */
  let ofTypes = -1;
  for (const { 0: word, index } of source.matchAll(keywords)) {
    const end = index + word.length;
    if (word === "import" || word === "export") {
      const types = startsLine(index, source) ? typesOnly.exec(source.slice(index))?.[0] : undefined;
      if (types !== undefined) ofTypes = index + types.length - "from".length;
    }
    const specifier = word === "export" || index === ofTypes ? "" : specifierAt(end, word, source);
    if (specifier === undefined) return undefined;
    if (specifier !== "") found.add(specifier);
  }
  return [...found];
}

/** Whether only blanks are before a place in its line. */
function startsLine(at: number, source: string): boolean {
  let before = at - 1;
  while (source[before] === " " || source[before] === "\t") before--;
  return before < 0 || /[\n\r\u2028\u2029]/.test(source[before] ?? "");
}

/** The specifier that follows a keyword. "" if none does, `undefined` if there may be one that only a parser finds. */
function specifierAt(after: number, word: string, source: string): string | undefined {
  let at = skipSpace(after, source);
  if (word !== "from") {
    if (word === "import" && source[at] === ".") return /^\.\s*meta\b/.test(source.slice(at, at + 20)) ? "" : undefined;
    if (word === "require" && source.startsWith("?.", at)) at = skipSpace(at + 2, source);
    if (word === "require" && /^(?:[<)!]|as\b|satisfies\b)/.test(source.slice(at, at + 10))) return undefined;
    while (source[at] === "(") at = skipSpace(at + 1, source);
    if (source[at] === "<") return undefined;
  }
  const quote = source[at];
  if (quote !== '"' && quote !== "'" && quote !== "`") return "";
  const end = source.indexOf(quote, at + 1);
  const text = end < 0 ? "" : source.slice(at + 1, end);
  const line = quote === "`" ? -1 : text.search(/[\n\r]/);
  if (line >= 0) return text[line - 1] === "\\" ? undefined : "";
  return text.includes("\\") ? undefined : text.includes("${") ? "" : text;
}

/** The offset of the next character that is neither white space nor in a comment. */
function skipSpace(from: number, source: string): number {
  for (let at = from; ;) {
    const char = source[at];
    if (char === undefined) return at;
    if (char === "/" && source[at + 1] === "*") {
      const end = source.indexOf("*/", at + 2);
      at = end < 0 ? source.length : end + 2;
    } else if (char === "/" && source[at + 1] === "/") {
      const end = /[\n\r\u2028\u2029]/g;
      end.lastIndex = at;
      at = end.test(source) ? end.lastIndex : source.length;
    } else if (/\s/.test(char)) at++;
    else return at;
  }
}
