import { expect, test, vi } from "vitest";
import { Client } from "../../page/src/net/client.ts";
import type { Inspector } from "../../page/src/net/context.ts";
import { Reader } from "../../page/src/runs/use-run-list.ts";
import type { RunList } from "../../src/api.ts";

/** A list of runs by number, the newest first, as the API gives it. */
function answer(url: string, stored: ReadonlySet<number>): Response {
  const params = new URL(url, "http://localhost").searchParams;
  const [after, limit] = [params.get("after"), Number(params.get("limit"))];
  const found = [...stored].sort((a, b) => b - a).filter((id) => after === null || id < Number(after.slice(1)));
  const runs = found.slice(0, limit).map((id) => ({ id: String(id), createdAt: id, cursor: `c${id}` }));
  return Response.json({ runs, hasMore: found.length > limit });
}

test("older runs follow though the last ones that were loaded are deleted meanwhile", async () => {
  const stored = new Set(Array.from({ length: 500 }, (_, number) => number + 1));
  const fetch = vi.spyOn(globalThis, "fetch").mockImplementation(async (url) => answer(String(url), stored));
  let shown: RunList | undefined;
  let problem: string | undefined;
  const inspector = { client: new Client(undefined) } as unknown as Inspector;
  const reader = new Reader(inspector, "", undefined, (list, text) => ([shown, problem] = [list, text]));
  await reader.refresh();
  expect(shown?.runs.at(-1)?.id).toBe("301");
  for (const id of [301, 302, 303]) stored.delete(id);
  reader.show(150, 199);
  await expect.poll(() => shown?.runs.length).toBe(400);
  await reader.refresh();
  await expect.poll(() => shown?.runs.length).toBe(397);
  expect(shown?.runs.at(-1)?.id).toBe("101");
  expect([shown?.hasMore, problem]).toEqual([true, undefined]);
  expect(new Set(shown?.runs.map(({ id }) => id)).size).toBe(397);
  fetch.mockRestore();
});
