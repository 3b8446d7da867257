import { describe, expect, test } from "vitest";
import { compile } from "../src/compile/compile.ts";
import { scriptOf } from "../src/phases/1-parse/component.ts";
import { originOf } from "../src/adapters/session/origin.ts";
import { memoryHost, root } from "./execute.ts";

const kept = (path: string, text: string): string => scriptOf(path, text).source.replace(/\s+/g, " ").trim();

describe("the script of a component", () => {
  test("both scripts of a Vue component are kept, at their places", () => {
    const text = `<script lang="ts">\nexport const a = 1;\n</script>\n<script setup lang="ts" generic="T extends Map<string, '>'>">\nconst b = 2;\n</script>\n<template>"use task"</template>\n`;
    const { id, source } = scriptOf("/app/a.vue", text);
    expect(id).toBe("/app/a.vue?lang.ts");
    expect(source).toHaveLength(text.length);
    expect(source.indexOf("const b")).toBe(text.indexOf("const b"));
    expect(kept("/app/a.vue", text)).toBe("export const a = 1; const b = 2;");
  });

  test("a script in a comment does not count", () => {
    expect(kept("/app/a.svelte", `<!-- <script>old()</script> -->\n<script module>now()</script>`)).toBe("now()");
  });

  test("of an Astro component the front matter is kept, and not its scripts for browsers", () => {
    expect(kept("/app/a.astro", `---\nconst a = 1;\n---\n<p>{a}</p>\n<script>browser()</script>\n`)).toBe(
      "const a = 1;",
    );
    expect(kept("/app/b.astro", `<p>a</p>\n`)).toBe("");
  });

  test("a script stays as it is", () => {
    expect(scriptOf("/app/a.ts", "a")).toEqual({ id: "/app/a.ts", source: "a" });
  });
});

test("a module of a component may still have types", () => {
  const source = `export async function pay(n: number): Promise<number> {\n  "use task";\n  return n;\n}\n`;
  expect(compile(source, { id: `${root}/a.astro`, root, host: memoryHost({}) })?.info.functions).toMatchObject([
    { name: "pay", kind: "task" },
  ]);
});

test("without a source map, a place is found by its line and by its words", () => {
  const text = `<script>\n  import { b } from "./b";\n  const run = await start(b, b);\n  const same = 1;\n</script>\n`;
  const code = `import { b } from "./b";\nfunction setup() {\nconst same = 1;\n  const run = (x(() => start(b, b)));\n}\n`;
  const { offsetOf } = originOf("/app/a.vue", text, code, () => undefined);
  expect(offsetOf(code.indexOf("same"))).toBe(text.indexOf("same"));
  expect(offsetOf(code.indexOf("import"))).toBe(text.indexOf("import"));
  expect(offsetOf(code.indexOf("setup"))).toBe(0);
});
