import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { mergeRuns } from "../../page/src/model/merge-runs.ts";
import { coalesced } from "../../page/src/net/coalesce.ts";
import { EventLines } from "../../page/src/net/event-lines.ts";
import type { RunItem, RunList } from "../../src/api.ts";

describe("the lines of an event stream", () => {
  test("an event ends with an empty line, comments are left out", () => {
    const lines = new EventLines();
    expect(lines.push(": hello\n\nevent: change\ndata: 1\n")).toEqual([]);
    expect(lines.push("\n")).toEqual([{ name: "change", data: "1" }]);
    expect(lines.push(": beat\n\n: beat\n\n")).toEqual([]);
  });

  test("an event may lack data or a name, and have data of several lines", () => {
    expect(new EventLines().push("event: change\n\ndata: a\ndata:b\n\nid: 7\n\n")).toEqual([
      { name: "change", data: "" },
      { name: "message", data: "a\nb" },
    ]);
  });

  test("it does not matter where the text is cut, nor how its lines end", () => {
    const text = "event: change\r\ndata: é\r\n\r\nevent: b\rdata: 2\r\revent: c\n\n";
    const events = [
      { name: "change", data: "é" },
      { name: "b", data: "2" },
      { name: "c", data: "" },
    ];
    for (let size = 1; size < text.length; size += 1) {
      const lines = new EventLines();
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, "gu")) ?? [];
      expect(pieces.flatMap((piece) => lines.push(piece))).toEqual(events);
    }
  });
});

describe("work that is asked for often", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("is done at once, and then once for all that was asked meanwhile", async () => {
    const work = vi.fn(async () => {});
    const { ask } = coalesced(250, work);
    for (let times = 0; times < 5; times += 1) ask();
    expect(work).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(249);
    expect(work).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(work).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(2);
    ask();
    expect(work).toHaveBeenCalledTimes(3);
  });

  test("is never done twice at a time, and not after its end", async () => {
    let end = (): void => {};
    const work = vi.fn(() => new Promise<void>((resolve) => (end = resolve)));
    const { ask, stop } = coalesced(250, work);
    ask();
    ask();
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(1);
    end();
    await vi.advanceTimersByTimeAsync(250);
    expect(work).toHaveBeenCalledTimes(2);
    ask();
    stop();
    end();
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(2);
  });
});

describe("runs that are read again", () => {
  const run = (id: string, createdAt: number, status: RunItem["status"] = "running"): RunItem => ({
    id,
    workflow: "order",
    file: "src/order.ts",
    status,
    tags: [],
    inLine: false,
    createdAt,
    updatedAt: createdAt,
    restarts: 0,
    compensated: false,
    cursor: `after ${id}`,
  });
  const loaded: RunList = { runs: [run("d", 4), run("c", 3), run("b", 2), run("a", 1)], hasMore: true };
  const ids = ({ runs, hasMore }: RunList): string => runs.map(({ id }) => id).join("") + (hasMore ? "…" : "");

  test("new runs come first, the others keep their places and are fresh", () => {
    const next = mergeRuns(loaded, undefined, { runs: [run("e", 5), run("d", 4, "failed")], hasMore: true });
    expect(ids(next)).toBe("edcba…");
    expect(next.runs[1]?.status).toBe("failed");
  });

  test("older runs follow the last one", () => {
    expect(ids(mergeRuns(loaded, "after a", { runs: [run("z", 0)], hasMore: false }))).toBe("dcbaz");
  });

  test("runs that are gone from a part that was read again are gone", () => {
    expect(ids(mergeRuns(loaded, undefined, { runs: [run("d", 4), run("b", 2)], hasMore: true }))).toBe("dba…");
    expect(ids(mergeRuns(loaded, "after d", { runs: [run("b", 2)], hasMore: true }))).toBe("dba…");
    expect(ids(mergeRuns(loaded, undefined, { runs: [run("d", 4)], hasMore: false }))).toBe("d");
    expect(ids(mergeRuns(loaded, undefined, { runs: [], hasMore: false }))).toBe("");
  });

  test("a part that follows a run that is gone changes nothing", () => {
    expect(mergeRuns(loaded, "after x", { runs: [run("a", 1)], hasMore: false })).toBe(loaded);
  });

  test("the rest is found by its time where the last run of a part is new", () => {
    expect(ids(mergeRuns(loaded, undefined, { runs: [run("f", 6), run("e", 5)], hasMore: true }))).toBe("fedcba…");
  });
});
