import { isComponent } from "../../files/paths.ts";

/** The part of a component that other modules can import functions from, in its place: everything else is white space. */
export interface ComponentScript {
  readonly source: string;
  readonly language: "ts" | "jsx";
}

const scripts = /(<script\b([^>]*)>)([\s\S]*?)<\/script>/g;
const frontMatter = /^(\s*---[^\n]*\n)([\s\S]*?)\n---/;

/**
 * The module script of a component: `<script module>` of Svelte, `<script>` of Vue, what is between the `---` of Astro. Vue's own compiler makes a
 * module of a script with `lang="ts"`, which is compiled like any other.
 */
export function componentScript(path: string, text: string): ComponentScript | undefined {
  if (!isComponent(path)) return undefined;
  if (path.endsWith(".astro")) {
    const [, before = "", source] = frontMatter.exec(text) ?? [];
    return source === undefined ? undefined : { source: blank(before) + source, language: "ts" };
  }
  for (const { index, 1: tag = "", 2: attributes = "", 3: source = "" } of text.matchAll(scripts)) {
    const isTypeScript = /\blang=["']?ts/.test(attributes);
    const isModule = path.endsWith(".svelte")
      ? /\bmodule\b/.test(attributes)
      : !/\bsetup\b/.test(attributes) && !isTypeScript;
    if (isModule) return { source: blank(text.slice(0, index) + tag) + source, language: isTypeScript ? "ts" : "jsx" };
  }
  return undefined;
}

const blank = (text: string): string => text.replace(/[^\n\r]/g, " ");
