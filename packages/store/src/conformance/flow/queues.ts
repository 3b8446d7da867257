import assert from "node:assert/strict";
import {
  ask,
  counts,
  define,
  hosts,
  offered,
  place,
  queued,
  TAKEN,
  WAITING,
  type FlowCases,
  type QueueStore,
} from "./kit.ts";
import { finish, get, ME, OTHER, owned, T, together } from "../kit.ts";

const RATE = { limit: 2, per: 100, slack: 10 };

/** Puts runs in line: id, key, rank after T. */
async function line(store: QueueStore, ...runs: readonly (readonly [id: string, key: string, rank: number])[]) {
  for (const [id, key, rank] of runs) await store.createRun(queued(id, { queue: place({ key, rank: T + rank }) }));
}

/** Who gets the only slot of the queue, one after the other. */
async function served(store: QueueStore, count: number, from = T + 100): Promise<string[]> {
  const order: string[] = [];
  for (let at = from; order.length < count; at++) {
    const [run = ""] = await offered(store, at);
    order.push(run);
    assert.ok(await store.claim({ run, lease: ME, now: at }));
    await store.commit([finish(run, { at })]);
  }
  return order;
}

export const queueCases: FlowCases = {
  "Q1 without a definition a queue has no limits": async (store) => {
    for (const id of ["a", "b", "c"]) await store.createRun(queued(id));
    assert.deepEqual(await offered(store, T), ["a", "b", "c"]);
    assert.deepEqual(await store.queues(), [{ name: "q", waiting: 0, running: 3 }]);
  },
  "Q1 slots that are offered or taken never exceed the concurrency": async (store) => {
    await define(store, { concurrency: 2 });
    await store.createRun(queued("a", { lease: ME }));
    for (const id of ["b", "c"]) await store.createRun(queued(id));
    assert.deepEqual(await offered(store, T), ["b"]);
    assert.deepEqual(await counts(store), [1, 2]);
  },
  "Q1 slots of one key never exceed perKey": async (store) => {
    await define(store, { perKey: 1 });
    await line(store, ["a1", "a", 0], ["a2", "a", 0], ["b1", "b", 0], ["b2", "b", 0]);
    assert.deepEqual(await offered(store, T), ["a1", "b1"]);
    const key = { waiting: 1, running: 1, oldest: T };
    assert.deepEqual(await store.queueKeys("q", 10), [
      { key: "a", ...key },
      { key: "b", ...key },
    ]);
  },
  "Q1 of any limit + 1 starts the last is at least per + slack later than the first": async (store) => {
    await define(store, { rate: RATE });
    await hosts(store, "r");
    assert.deepEqual(await ask(store, "r", "a[0]"), { state: "taken", start: 0 });
    assert.deepEqual(await ask(store, "r", "b[0]", { now: T + 60 }), { state: "taken", start: 1 });
    assert.deepEqual(await ask(store, "r", "c[0]", { now: T + 70 }), WAITING);
    await store.leave({ run: "r", epoch: 1, step: "a[0]", now: T + 80 });
    assert.deepEqual(await offered(store, T + 109), []);
    assert.deepEqual(await offered(store, T + 110), ["r/c[0]"]);
    assert.deepEqual(await ask(store, "r", "c[0]", { now: T + 120 }), { state: "taken", start: 2 });
    assert.deepEqual(await ask(store, "r", "d[0]", { now: T + 169 }), WAITING);
    assert.deepEqual(await ask(store, "r", "d[0]", { now: T + 170 }), { state: "taken", start: 3 });
  },
  "Q1 offers reserve the starts that they will be": async (store) => {
    await define(store, { rate: RATE });
    for (const id of ["a", "b", "c"]) await store.createRun(queued(id));
    assert.deepEqual(await offered(store, T), ["a", "b"]);
    assert.ok(await store.claim({ run: "b", lease: ME, now: T + 50 }));
    assert.deepEqual(await offered(store, T + 155), ["a"]);
    assert.ok(await store.claim({ run: "a", lease: ME, now: T + 155 }));
    assert.deepEqual(await offered(store, T + 159), []);
    assert.deepEqual(await offered(store, T + 160), ["c"]);
  },
  "Q1 the start of a run is its first claim; a later one is none": async (store) => {
    await define(store, { rate: { ...RATE, limit: 1 } });
    await store.createRun(queued("a", { lease: ME }));
    await store.commit([{ type: "release", run: "a", epoch: 1, status: "waiting", wakeAt: T, at: T + 10 }]);
    assert.ok(await store.claim({ run: "a", lease: ME, now: T + 10 }));
    await store.createRun(queued("b"));
    assert.deepEqual(await offered(store, T + 109), []);
    assert.deepEqual(await offered(store, T + 110), ["b"]);
  },
  "Q1 a start that happened later than it was recorded counts from then": async (store) => {
    await define(store, { rate: { ...RATE, limit: 1 } });
    await hosts(store, "r");
    assert.deepEqual(await ask(store, "r", "a[0]"), { state: "taken", start: 0 });
    assert.equal(await store.correctStart({ queue: "q", start: 0, at: T + 40 }), true);
    assert.deepEqual(await ask(store, "r", "b[0]", { now: T + 149 }), WAITING);
    assert.deepEqual(await ask(store, "r", "b[0]", { now: T + 150 }), { state: "taken", start: 1 });
    assert.equal(await store.correctStart({ queue: "q", start: 7, at: T }), false);
  },
  "Q1 a start cannot be corrected when a later one, or an offer, relies on it; one that was forgotten can": async (
    store,
  ) => {
    await define(store, { rate: { ...RATE, limit: 2 } });
    await hosts(store, "r");
    for (const id of ["a[0]", "b[0]"]) await ask(store, "r", id);
    for (const id of ["c[0]", "d[0]"]) assert.deepEqual(await ask(store, "r", id), WAITING);
    assert.deepEqual(await offered(store, T + 110), ["r/c[0]", "r/d[0]"]);
    assert.equal(await store.correctStart({ queue: "q", start: 0, at: T + 115 }), false);
    assert.deepEqual(await ask(store, "r", "c[0]", { now: T + 111 }), { state: "taken", start: 2 });
    await store.leave({ run: "r", epoch: 1, step: "d[0]", now: T + 112 });
    assert.equal(await store.correctStart({ queue: "q", start: 0, at: T + 115 }), false);
    assert.equal(await store.correctStart({ queue: "q", start: 1, at: T + 115 }), true);
    assert.equal(await store.correctStart({ queue: "q", start: 2, at: T + 120 }), true);
    assert.deepEqual(await ask(store, "r", "e[0]", { now: T + 224 }), WAITING);
    assert.deepEqual(await ask(store, "r", "e[0]", { now: T + 225 }), { state: "taken", start: 3 });
  },
  "Q1 a clock that was set back delays the next start by no more than the period": async (store) => {
    await define(store, { rate: { ...RATE, limit: 1 } }, T + 9_000);
    await hosts(store, "r");
    assert.deepEqual(await ask(store, "r", "a[0]", { now: T + 9_000 }), { state: "taken", start: 0 });
    assert.deepEqual(await ask(store, "r", "b[0]"), WAITING);
    assert.deepEqual(await ask(store, "r", "b[0]", { now: T + 109 }), WAITING);
    assert.deepEqual(await ask(store, "r", "b[0]", { now: T + 110 }), { state: "taken", start: 1 });
  },
  "Q1 a definition replaces the limits; what it lowers takes no slot away": async (store) => {
    await define(store, { concurrency: 1, perKey: 1, rate: RATE });
    for (const id of ["a", "b", "c"]) await store.createRun(queued(id));
    assert.deepEqual(await offered(store, T), ["a"]);
    await define(store, { concurrency: 2 });
    assert.deepEqual(await offered(store, T), ["a", "b"]);
    await define(store, { concurrency: 1 });
    assert.deepEqual(await store.queues(), [{ name: "q", concurrency: 1, waiting: 1, running: 2, oldest: T }]);
    for (const run of ["a", "b"]) assert.ok(await store.claim({ run, lease: ME, now: T }));
    await store.commit([finish("a")]);
    assert.deepEqual(await offered(store, T + 100), []);
    await store.commit([finish("b")]);
    assert.deepEqual(await offered(store, T + 100), ["c"]);
  },
  "Q2 a definition that raises a limit offers at once": async (store) => {
    await define(store, { concurrency: 0 });
    await store.createRun(queued("a"));
    await define(store, { concurrency: 1 }, T + 5);
    assert.equal("inLine" in (await get(store, "a")), false);
    assert.deepEqual(await offered(store, T + 5), ["a"]);
  },
  "Q2 of one key, the lowest rank comes first; of equal ranks, who came first": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "first", { queue: place() });
    await line(store, ["late", "", 9], ["a", "", 5], ["b", "", 5], ["early", "", -9]);
    await store.commit([finish("first")]);
    assert.deepEqual(await served(store, 4), ["early", "a", "b", "late"]);
  },
  "Q2 keys take turns": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "first", { queue: place({ key: "none" }) });
    await line(store, ["a1", "a", 0], ["a2", "a", 1], ["a3", "a", 2], ["b1", "b", 5], ["b2", "b", 6]);
    await store.commit([finish("first")]);
    assert.deepEqual(await served(store, 5), ["a1", "b1", "a2", "b2", "a3"]);
  },
  "Q2 a key that joins the line joins the present turn": async (store) => {
    await define(store, { concurrency: 1 });
    await line(store, ["a1", "a", 0], ["a2", "a", 0], ["a3", "a", 0], ["a4", "a", 0], ["a5", "a", 0]);
    assert.deepEqual(await served(store, 2), ["a1", "a2"]);
    await line(store, ["b1", "b", 50], ["b2", "b", 50]);
    assert.deepEqual(await served(store, 5, T + 200), ["a3", "b1", "a4", "b2", "a5"]);
  },
  "Q2 a key at its limit does not hold up the others": async (store) => {
    await define(store, { concurrency: 2, perKey: 1 });
    await line(store, ["a1", "a", 0], ["a2", "a", 0], ["b1", "b", 9]);
    assert.deepEqual(await offered(store, T), ["a1", "b1"]);
  },
  "Q2 a run in line that is requested to cancel comes before all others of its key": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "begun", { queue: place({ rank: T + 99 }) });
    await line(store, ["a", "", 0], ["b", "", 0]);
    await store.commit([{ type: "release", run: "begun", epoch: 1, status: "pending", at: T + 10 }]);
    assert.deepEqual(await offered(store, T + 10), ["a"]);
    assert.equal(await store.cancel({ run: "begun", reason: '"why"', now: T + 11 }), true);
    assert.ok(await store.claim({ run: "a", lease: ME, now: T + 12 }));
    await store.commit([finish("a", { at: T + 13 })]);
    assert.deepEqual(await offered(store, T + 13), ["begun"]);
  },
  "Q2 a run that is requested to cancel before it is in line again comes first as well": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "begun", { queue: place({ rank: T + 99 }) });
    await line(store, ["a", "", 0], ["b", "", 0]);
    await store.commit([{ type: "release", run: "begun", epoch: 1, status: "waiting", wakeAt: T, at: T + 10 }]);
    await store.cancel({ run: "begun", reason: '"why"', now: T + 11 });
    assert.equal(await store.claim({ run: "begun", lease: ME, now: T + 12 }), undefined);
    assert.ok(await store.claim({ run: "a", lease: ME, now: T + 12 }));
    await store.commit([finish("a", { at: T + 13 })]);
    assert.deepEqual(await offered(store, T + 13), ["begun"]);
  },
  "Q2 a release to pending of a run that is requested to cancel puts it first in line": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "begun", { queue: place({ rank: T + 99 }) });
    await line(store, ["a", "", 0]);
    await store.cancel({ run: "begun", reason: '"why"', now: T + 5 });
    await store.commit([{ type: "release", run: "begun", epoch: 1, status: "pending", at: T + 10 }]);
    assert.deepEqual(await offered(store, T + 10), ["begun"]);
  },
  "Q2 a run that is requested to cancel and loses its slot with its lease is first in line": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "begun", { queue: place({ rank: T + 99 }) });
    await line(store, ["a", "", 0]);
    await store.cancel({ run: "begun", reason: '"why"', now: T + 5 });
    await store.freeSlots({ owner: "me", dead: true, now: ME.until + 1 });
    assert.deepEqual(await offered(store, ME.until + 1), ["begun"]);
  },
  "Q2 a slot that becomes free is offered in the same transition": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "a", { queue: place() });
    await store.createRun(queued("b"));
    assert.equal((await get(store, "b")).inLine, true);
    await store.commit([finish("a")]);
    assert.equal("inLine" in (await get(store, "b")), false);
    await store.delete({ run: "b", now: T + 101, force: true });
    assert.deepEqual(await counts(store), [0, 0]);
  },
  "Q1 of many claims and steps that want one slot, one gets it": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "host");
    await owned(store, "first", { queue: place() });
    const ids = Array.from({ length: 10 }, (_, place_) => `r${place_}`);
    for (const id of ids) await store.createRun(queued(id));
    await store.commit([finish("first")]);
    const claimed = await together(10, (place_) =>
      store.claim({ run: ids[place_] ?? "", lease: { owner: `o${place_}`, until: T + 900 }, now: T + 100 }),
    );
    const answers = await together(10, (place_) => ask(store, "host", `s[${place_}]`, { now: T + 100 }));
    assert.equal(claimed.filter((run) => run !== undefined).length, 1);
    assert.deepEqual(
      answers,
      Array.from({ length: 10 }, () => WAITING),
    );
    assert.deepEqual(await counts(store), [19, 1]);
  },
  "Q1 of many claims of one offered run, one takes its slot": async (store) => {
    await define(store, { concurrency: 1 });
    await store.createRun(queued("r"));
    const claimed = await together(10, (place_) =>
      store.claim({ run: "r", lease: { owner: `o${place_}`, until: T + 900 }, now: T }),
    );
    const winners = claimed.filter((run) => run !== undefined);
    assert.equal(winners.length, 1);
    assert.deepEqual(await store.slotOwners(), [winners[0]?.owner]);
  },
  "Q1 of many steps and runs that enter together, as many as allowed get a slot": async (store) => {
    await define(store, { concurrency: 3 });
    const runs = ["a", "b", "c", "d"];
    await hosts(store, ...runs);
    const answers = await together(20, (place_) => ask(store, runs[place_ % 4] ?? "", `s[${place_}]`));
    const made = await together(10, (place_) => store.createRun(queued(`r${place_}`, { lease: OTHER })));
    assert.deepEqual(
      answers.filter((answer) => answer?.state === "taken"),
      [TAKEN, TAKEN, TAKEN],
    );
    assert.deepEqual(new Set(made.map(({ run }) => run.inLine)), new Set([true]));
    assert.deepEqual(await counts(store), [27, 3]);
  },
  "the queues are those that are defined or used, by name": async (store) => {
    assert.deepEqual(await store.queues(), []);
    await store.defineQueue({ name: "z", perKey: 2, rate: RATE }, T);
    await store.defineQueue({ name: "b", concurrency: 0 }, T);
    await store.createRun(queued("r1", { queue: place({ queue: "b" }), createdAt: T + 3 }));
    await store.createRun(queued("r2", { queue: place({ queue: "b" }), createdAt: T + 2 }));
    await store.createRun(queued("r3", { queue: place({ queue: "a" }) }));
    assert.deepEqual(await store.queues(), [
      { name: "a", waiting: 0, running: 1 },
      { name: "b", concurrency: 0, waiting: 2, running: 0, oldest: T + 2 },
      { name: "z", perKey: 2, rate: RATE, waiting: 0, running: 0 },
    ]);
    await store.cancel({ run: "r3", reason: '"why"', now: T });
    assert.deepEqual(
      (await store.queues()).map(({ name }) => name),
      ["b", "z"],
    );
  },
  "the keys of a queue are those that are used, those with the most in line first": async (store) => {
    await define(store, { perKey: 1 });
    await line(store, ["a1", "a", 0], ["b1", "b", 0], ["b2", "b", 0], ["c1", "c", 0], ["d1", "d", 0], ["d2", "d", 0]);
    await store.cancel({ run: "a1", reason: '"why"', now: T });
    const busy = { waiting: 1, running: 1, oldest: T };
    const keys = [
      { key: "b", ...busy },
      { key: "d", ...busy },
      { key: "c", waiting: 0, running: 1 },
    ];
    assert.deepEqual(await store.queueKeys("q", 10), keys);
    assert.deepEqual(await store.queueKeys("q", 2), keys.slice(0, 2));
    assert.deepEqual(await store.queueKeys("none", 2), []);
  },
  "the places of a run are its own and those of its steps, in the order in which they came": async (store) => {
    await define(store, { concurrency: 1 });
    await store.createRun(queued("r", { lease: ME, queue: place({ key: "k" }) }));
    await store.createRun(queued("other", { createdAt: T + 1 }));
    await ask(store, "r", "a[0]", { queue: "p", now: T + 5 });
    await ask(store, "r", "b[0]", { now: T + 9 });
    assert.deepEqual(await store.queueItems("r"), [
      { queue: "q", key: "k", inLine: false, since: T },
      { queue: "p", key: "", step: "a[0]", inLine: false, since: T + 5 },
      { queue: "q", key: "", step: "b[0]", inLine: true, since: T + 9 },
    ]);
    assert.deepEqual(await store.queueItems("other"), [{ queue: "q", key: "", inLine: true, since: T + 1 }]);
    await store.leave({ run: "r", epoch: 1, step: "a[0]", now: T + 10 });
    await store.commit([finish("r")]);
    assert.deepEqual(await store.queueItems("r"), []);
    // a slot that is kept for it is no place in line
    assert.deepEqual(await store.queueItems("other"), [{ queue: "q", key: "", inLine: false, since: T + 1 }]);
  },
};
