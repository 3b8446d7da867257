import { components } from "../../files/paths.ts";

const comment = /<!--[^]*?-->/g;
const attributes = /(?:"[^"]*"|'[^']*'|[^"'>])*/;
const script = new RegExp(`(<script\\b(${attributes.source})>)([^]*?)</script\\s*>`, "gi");
const frontMatter = /^\s*---[^\n]*\n([^]*?)\n---/;

/**
 * The id and text with which a file of the project is parsed. Of a component only its scripts are left, each at its place, so that
 * offsets and lines are those of the file.
 */
export function scriptOf(path: string, text: string): { readonly id: string; readonly source: string } {
  if (!components.test(path)) return { id: path, source: text };
  const isAstro = path.endsWith(".astro");
  const source = isAstro ? only(text, frontMatterOf(text)) : only(text, scriptsOf(text));
  const lang = !isAstro && /<script\b[^>]*\blang=["']?[jt]sx\b/i.test(text) ? "tsx" : "ts";
  return { id: `${path}?lang.${lang}`, source };
}

type Span = readonly [start: number, end: number];

function frontMatterOf(text: string): Span[] {
  const match = frontMatter.exec(text);
  const start = match ? match[0].lastIndexOf("\n---") - (match[1]?.length ?? 0) : 0;
  return match ? [[start, start + (match[1]?.length ?? 0)]] : [];
}

function scriptsOf(text: string): Span[] {
  return [...text.replace(comment, blank).matchAll(script)].map((match) => {
    const start = match.index + (match[1]?.length ?? 0);
    return [start, start + (match[3]?.length ?? 0)];
  });
}

function only(text: string, spans: readonly Span[]): string {
  let at = 0;
  let kept = "";
  for (const [start, end] of spans) {
    kept += `${blank(text.slice(at, start))}${text.slice(start, end)}`;
    at = end;
  }
  return kept + blank(text.slice(at));
}

const blank = (text: string): string => text.replace(/[^\n\r\u2028\u2029]/g, " ");
