import assert from "node:assert/strict";
import type { StreamRow, StreamHead, StreamPage, StreamQuery, StreamStore } from "../contract.ts";
import {
  checkpoint,
  finish,
  ME,
  newRun,
  OTHER,
  owned,
  release,
  step,
  T,
  type Cases,
  type TwoStoreCases,
} from "./kit.ts";
import type { TimedStore as Store } from "./timed.ts";

/** A store that has streams. */
type StreamsStore = Store & StreamStore;

const METHODS = ["readStream", "streams"] as const satisfies readonly (keyof StreamStore)[];

const hasStreams = (store: Store): store is StreamsStore => store.readStream !== undefined;

/** The cases for a store of any kind: one without streams has none of their methods. */
function ifStreams(cases: Readonly<Record<string, (store: StreamsStore) => Promise<void>>>): Cases {
  return Object.fromEntries(
    Object.entries(cases).map(([name, run]) => [
      name,
      async (store: Store) => {
        const found = METHODS.filter((method) => store[method] !== undefined);
        assert.deepEqual(found, hasStreams(store) ? METHODS : []);
        if (hasStreams(store)) await run(store);
      },
    ]),
  );
}

const chunk = (index: number, part = "a[0]", value = `"${index}"`): StreamRow => ({
  index,
  type: "chunk",
  part,
  value,
});
const end = (index: number, part = "a[0]"): StreamRow => ({ index, type: "end", part });
const failure = (index: number, part = "a[0]"): StreamRow => ({ index, type: "error", part, value: '"why"' });
const reset = (index: number, from: number, part?: string): StreamRow => ({
  index,
  type: "reset",
  from,
  ...(part !== undefined && { part }),
});

const write = (run: string, entries: readonly StreamRow[], given: { epoch?: number; stream?: string } = {}) =>
  ({ type: "stream", run, epoch: 1, stream: "s", entries, ...given }) as const;

const put = async (store: Store, run: string, entries: readonly StreamRow[], given = {}): Promise<boolean[]> =>
  store.commit([write(run, entries, given)]);

async function pageOf(store: StreamsStore, run: string, given: Partial<StreamQuery> = {}): Promise<StreamPage> {
  const page = await store.readStream({ run, stream: "s", from: 0, limit: 1_000, ...given });
  assert.ok(page, `the run ${run} exists`);
  return page;
}

/** The page without the epoch. */
async function read(...of: Parameters<typeof pageOf>): Promise<Omit<StreamPage, "epoch">> {
  const { epoch: _, ...page } = await pageOf(...of);
  return page;
}

const entriesOf = async (store: StreamsStore, run: string, given: Partial<StreamQuery> = {}) =>
  (await read(store, run, given)).entries;

/** The parts in the order of their first entries. */
async function headOf(store: StreamsStore, run: string): Promise<StreamHead | undefined> {
  const [head] = await store.streams(run);
  return head && { ...head, parts: [...head.parts].sort((a, b) => a.first - b.first) };
}

export const streamCases: Cases = ifStreams({
  "W1 the entries of a stream are read as they were written": async (store) => {
    await owned(store, "r");
    const entries = [chunk(0), chunk(1, ""), { ...chunk(2), keep: true } as StreamRow, chunk(3, "b[0]//c[0]"), end(4)];
    assert.deepEqual(await store.commit([write("r", entries.slice(0, 2)), write("r", entries.slice(2))]), [true, true]);
    assert.deepEqual(await read(store, "r"), { entries, next: 5, status: "running" });
  },
  "W1 an index is given once, and may be left out": async (store) => {
    await owned(store, "r");
    assert.deepEqual(await put(store, "r", [chunk(0), chunk(1)]), [true]);
    assert.deepEqual(await put(store, "r", [chunk(1, "a[0]", '"again"'), chunk(2)]), [false]);
    assert.deepEqual(await put(store, "r", [chunk(4), chunk(7)]), [true]);
    assert.deepEqual(await put(store, "r", [chunk(7)]), [false]);
    assert.deepEqual(await put(store, "r", [chunk(5)]), [false]);
    assert.deepEqual(await put(store, "r", []), [false]);
    assert.deepEqual(await read(store, "r"), {
      entries: [chunk(0), chunk(1), chunk(4), chunk(7)],
      next: 8,
      status: "running",
    });
  },
  "W1 streams of a name, and of a run, are apart": async (store) => {
    await owned(store, "r");
    await owned(store, "q");
    const other = [chunk(0, "a[0]", '"other"')];
    await store.commit([write("r", [chunk(0)]), write("r", other, { stream: "t" }), write("q", [chunk(0), chunk(1)])]);
    assert.deepEqual(await entriesOf(store, "r"), [chunk(0)]);
    assert.deepEqual(await entriesOf(store, "r", { stream: "t" }), other);
    assert.deepEqual(await entriesOf(store, "q"), [chunk(0), chunk(1)]);
    assert.deepEqual((await store.streams("r")).map(({ stream }) => stream).sort(), ["s", "t"]);
    assert.deepEqual(await store.streams("none"), []);
  },
  "W1 S4 S3 only the owner writes to a stream, and together with the other writes of the batch": async (store) => {
    await owned(store, "r");
    const rest = { epoch: 2 };
    assert.deepEqual(await put(store, "r", [chunk(0)], rest), [false]);
    assert.deepEqual(await put(store, "none", [chunk(0)]), [false]);
    assert.deepEqual(
      await store.commit([
        write("r", [chunk(0)]),
        step("r", checkpoint("a[0]", 1)),
        finish("r"),
        write("r", [chunk(1)]),
      ]),
      [true, true, true, false],
    );
    assert.deepEqual(await put(store, "r", [chunk(1)]), [false]);
    assert.deepEqual(await read(store, "r"), { entries: [chunk(0)], next: 1, status: "completed" });
  },
  "W1 S21 a batch that is sent again writes its entries once": async (store) => {
    await owned(store, "r");
    for (let times = 0; times < 3; times++)
      assert.deepEqual(await store.commit([write("r", [chunk(0), chunk(1)])], "batch"), [true]);
    assert.deepEqual(await entriesOf(store, "r"), [chunk(0), chunk(1)]);
  },
  "W2 a reset deletes the entries of its part from an index on, and stays": async (store) => {
    await owned(store, "r");
    await put(store, "r", [chunk(0), chunk(1, "b[0]"), chunk(2), end(3)]);
    assert.deepEqual(await put(store, "r", [reset(4, 0, "a[0]"), chunk(5)]), [true]);
    assert.deepEqual(await read(store, "r"), {
      entries: [chunk(1, "b[0]"), reset(4, 0, "a[0]"), chunk(5)],
      next: 6,
      status: "running",
    });
    await put(store, "r", [chunk(6), reset(7, 6, "a[0]")]);
    const now = [chunk(1, "b[0]"), reset(4, 0, "a[0]"), chunk(5), reset(7, 6, "a[0]")];
    assert.deepEqual(await entriesOf(store, "r"), now);
    assert.deepEqual(await headOf(store, "r"), {
      stream: "s",
      next: 8,
      bytes: 6,
      parts: [
        { part: "b[0]", first: 1, chunks: 1 },
        { part: "a[0]", first: 5, chunks: 1 },
      ],
    });
  },
  "W2 a reset without a part is one of all parts": async (store) => {
    await owned(store, "r");
    await put(store, "r", [chunk(0), chunk(1, ""), reset(2, 2, "a[0]"), chunk(3), reset(4, 1), chunk(5)]);
    assert.deepEqual(await entriesOf(store, "r"), [chunk(0), reset(2, 2, "a[0]"), reset(4, 1), chunk(5)]);
  },
  "W2 after a reset its part has another end, or none": async (store) => {
    await owned(store, "r");
    await put(store, "r", [chunk(0, ""), end(1, "")]);
    await put(store, "r", [reset(2, 1, ""), chunk(3, "")]);
    assert.deepEqual((await headOf(store, "r"))?.parts, [{ part: "", first: 0, chunks: 2 }]);
    await put(store, "r", [failure(4, "")]);
    assert.deepEqual((await headOf(store, "r"))?.parts, [{ part: "", first: 0, chunks: 2, endedAt: 4 }]);
    await put(store, "r", [reset(5, 0, "")]);
    assert.deepEqual(await headOf(store, "r"), { stream: "s", next: 6, bytes: 0, parts: [] });
  },
  "W3 a stream is read from an index, a number of entries or of bytes at a time, and one part alone": async (store) => {
    await owned(store, "r");
    const long = (index: number) => chunk(index, index % 2 === 0 ? "a[0]" : "b[0]", `"${"ä".repeat(49)}"`);
    const entries = [0, 1, 2, 3, 4, 5].map(long);
    await put(store, "r", entries);
    assert.deepEqual(await entriesOf(store, "r", { from: 3 }), entries.slice(3));
    assert.deepEqual(await entriesOf(store, "r", { from: 1, limit: 2 }), entries.slice(1, 3));
    assert.deepEqual(await entriesOf(store, "r", { bytes: 1 }), entries.slice(0, 1));
    assert.deepEqual(await entriesOf(store, "r", { bytes: 100 }), entries.slice(0, 1));
    assert.deepEqual(await entriesOf(store, "r", { bytes: 101 }), entries.slice(0, 2));
    assert.deepEqual(await entriesOf(store, "r", { part: "b[0]", limit: 2 }), [entries[1], entries[3]]);
    for (const from of [6, 2 ** 40])
      assert.deepEqual(await read(store, "r", { from }), { entries: [], next: 6, status: "running" });
    assert.deepEqual(await read(store, "r", { stream: "none" }), { entries: [], next: 0, status: "running" });
    await put(store, "r", [reset(6, 6)]);
    assert.deepEqual(await entriesOf(store, "r", { part: "b[0]", from: 5 }), [entries[5], reset(6, 6)]);
    assert.equal(await store.readStream({ run: "none", stream: "s", from: 0, limit: 1 }), undefined);
  },
  "W3 a page has the epoch of the latest owner": async (store) => {
    const epochs = async (): Promise<number> => (await pageOf(store, "r")).epoch;
    await store.createRun(newRun("r"));
    assert.equal(await epochs(), 0);
    await store.claim({ run: "r", lease: OTHER, now: T });
    assert.equal(await epochs(), 1);
    await store.commit([finish("r", { status: "failed" })]);
    assert.equal(await store.retry({ run: "r", now: T }), true);
    assert.equal(await epochs(), 1);
    await store.claim({ run: "r", lease: OTHER, now: T });
    assert.equal(await epochs(), 2);
  },
  "W4 after a restart, a stream has one entry, a reset of everything": async (store) => {
    await owned(store, "r");
    await store.commit([write("r", [chunk(0), reset(1, 0, "a[0]"), chunk(2, "b[0]")]), finish("r")]);
    assert.equal(await store.restart({ run: "r", seed: "new", now: T + 200 }), true);
    const page = { entries: [reset(3, 0)], next: 4, status: "pending" };
    assert.deepEqual(await read(store, "r"), page);
    assert.deepEqual(await headOf(store, "r"), { stream: "s", next: 4, bytes: 0, parts: [] });
    await store.claim({ run: "r", lease: OTHER, now: T + 200 });
    assert.deepEqual(await put(store, "r", [chunk(3)], { epoch: 2 }), [false]);
    assert.deepEqual(await put(store, "r", [chunk(4)], { epoch: 2 }), [true]);
  },
  "W4 a retry keeps the streams, a fork has none, and a deleted run leaves nothing": async (store) => {
    await owned(store, "r");
    await store.commit([
      write("r", [chunk(0)]),
      step("r", checkpoint("a[0]", 1)),
      step("r", checkpoint("b[0]", 2, { state: "failed" })),
      finish("r", { status: "failed", unhandled: ["b[0]"] }),
    ]);
    await store.fork({ run: "r", from: "b[0]", id: "f", now: T });
    assert.deepEqual(await read(store, "f"), { entries: [], next: 0, status: "pending" });
    assert.deepEqual(await store.streams("f"), []);
    assert.equal(await store.retry({ run: "r", now: T }), true);
    assert.deepEqual(await entriesOf(store, "r"), [chunk(0)]);
    assert.equal(await store.delete({ run: "r", force: true, now: T }), true);
    assert.equal(await store.readStream({ run: "r", stream: "s", from: 0, limit: 1 }), undefined);
    await store.createRun(newRun("r"));
    assert.deepEqual(await read(store, "r"), { entries: [], next: 0, status: "pending" });
    await owned(store, "old");
    await store.commit([write("old", [chunk(0)]), finish("old")]);
    assert.equal(await store.prune({ endedBefore: T + 1_000, limit: 10, now: T + 1_000 }), 1);
    await store.createRun(newRun("old"));
    assert.deepEqual(await store.streams("old"), []);
  },
  "W5 a claim has the heads of the streams, and none for a run without": async (store) => {
    for (const id of ["r", "q"]) await owned(store, id);
    const kept = { ...chunk(2), keep: true } as StreamRow;
    await store.commit([
      write("r", [chunk(0, "", '"ä"'), chunk(1), kept, failure(3)]),
      ...["r", "q"].map((id) => release(id, { status: "pending" })),
    ]);
    const heads = [
      {
        stream: "s",
        next: 4,
        bytes: 15,
        parts: [
          { part: "", first: 0, chunks: 1 },
          { part: "a[0]", first: 1, chunks: 2, keep: true, endedAt: 3 },
        ],
      },
    ];
    assert.deepEqual(await store.streams("r"), heads);
    const claims = ["r", "q"].map((run) => ({ run, lease: ME, now: T + 60 }));
    const [claimed, without] = await store.claimRuns(claims);
    assert.deepEqual([claimed?.streams, without?.streams], [heads, undefined]);
    await store.commit([release("r", { epoch: 2, status: "pending" }), release("q", { epoch: 2, status: "pending" })]);
    const next = await store.claimNext({ executables: [{ workflow: "ship" }], lease: ME, limit: 5, now: T + 70 });
    assert.deepEqual(
      next.claimed.map(({ streams }) => streams),
      [heads, undefined],
    );
  },
});

export const sharedStreamCases: TwoStoreCases = {
  "W1 W3 what one store writes to a stream, another reads and continues, and the first is fenced": async (
    store,
    reopen,
  ) => {
    const second = await reopen();
    try {
      if (!hasStreams(store) || !hasStreams(second)) return;
      await owned(store, "r");
      await put(store, "r", [chunk(0)]);
      assert.deepEqual(await entriesOf(second, "r"), [chunk(0)]);
      const [claimed] = await second.claimRuns([{ run: "r", lease: OTHER, now: ME.until + 1 }]);
      assert.equal(claimed?.streams?.[0]?.next, 1);
      assert.deepEqual(await put(store, "r", [chunk(1)]), [false]);
      assert.deepEqual(await put(second, "r", [chunk(1, "b[0]")], { epoch: 2 }), [true]);
      assert.deepEqual(await entriesOf(store, "r", { from: 1 }), [chunk(1, "b[0]")]);
    } finally {
      await second.close();
    }
  },
};
