import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { compile } from "unplugin-perdure";
import { close, complete, start } from "perdure";
import { settled, setup } from "perdure/testing";
import { transformSync } from "esbuild";
import { loadSources } from "../sources.ts";
import { blocksOf, readPage, root } from "./page.ts";

/** The TypeScript blocks of a page by the info string after the language, or by number. */
function namedBlocks(page: string): Map<string, string> {
  const blocks = blocksOf(readPage(page)).filter(({ lang }) => lang === "ts");
  return new Map(blocks.map(({ info, text }, index) => [info || String(index), text]));
}

const howItWorks = namedBlocks("docs/how-it-works.md");
const source = howItWorks.get("src/order.ts") ?? "";

test("docs/how-it-works.md shows the actual output of the compiler", () => {
  const compiled = compile(source, { id: join(root, "src/order.ts"), root });
  expect(compiled?.code.replace(JSON.stringify(compiled.info), "{ … }")).toBe(howItWorks.get("compiled"));
});

test("docs/how-it-works.md shows the actual rows in the store", async () => {
  const { order } = await loadSources({ "src/order.ts": source }, (code) => transformSync(code, { loader: "ts" }).code);
  const { store } = setup();
  onTestFinished(close);
  const run = await start(order as unknown as (id: string, items: string[]) => Promise<string>, [
    "17",
    ["ink", "paper"],
  ]);
  for (const item of ["ink", "paper"]) {
    await settled();
    await complete(run.id, `pack ${item} reserved`, true);
  }
  await run.result();
  const rows = (await store.steps("order-17")).map(
    ({ seq, id, kind, state, location, output }) => `| ${[seq, id, kind, state, location, output].join(" | ")} |`,
  );
  expect(readPage("docs/how-it-works.md")).toContain(`|---|---|---|---|---|---|\n${rows.join("\n")}\n`);
});

test("the code in the README compiles and runs", async () => {
  const blocks = [...namedBlocks("README.md").values()];
  const [first = "", , usage = ""] = blocks;
  const before = "async function saveRow(row) { 'use task'; globalThis.saved.push(row); }\n";
  const globals = globalThis as { saved?: unknown[] };
  globals.saved = [];
  setup();
  onTestFinished(close);
  const { fetch } = globalThis;
  onTestFinished(() => void (globalThis.fetch = fetch));
  globalThis.fetch = () => Promise.resolve(Response.json({ rows: [1, 2] }));
  const strip = (code: string): string => transformSync(code, { loader: "ts" }).code;
  await loadSources({ "readme.ts": before + first }, strip);
  expect(globals.saved).toEqual([1, 2]);
  expect(compile(usage, { id: join(root, "usage.ts"), root })?.info.sites.map(([name]) => name)).toEqual(
    expect.arrayContaining(["signal", "sleep", "start"]),
  );
});
