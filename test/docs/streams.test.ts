import { transformSync } from "esbuild";
import { close, getRun } from "perdure";
import { setup } from "perdure/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { loadSources } from "../sources.ts";
import { blocksOf, readPage } from "./page.ts";

test("the code in docs/streams.md compiles and runs", async () => {
  const blocks = blocksOf(readPage("docs/streams.md")).map(({ info, text }) => [info, text] as const);
  const sources = Object.fromEntries(blocks.toReversed()); // the first one is imported
  setup();
  onTestFinished(close);
  const written: unknown[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(text) > 0);
  onTestFinished(() => write.mockRestore());
  const loaded = await loadSources(sources, (code) => transformSync(code, { loader: "ts" }).code);
  expect(written).toEqual(["All", " about ", "rivers"]);
  const { tokens } = loaded as unknown as { tokens: (request: Request, id: string) => Promise<Response> };
  const response = await tokens(
    new Request("http://x/", { headers: { "last-event-id": "1" } }),
    (await getRun("rivers")).id,
  );
  expect(await response.text()).toBe(':\n\nid: 2\ndata: "rivers"\n\nevent: end\ndata: {}\n\n');
});
