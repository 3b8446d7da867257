import assert from "node:assert/strict";
import { LATEST_OFFER, OFFER_TIME } from "../../flow.ts";
import { ask, counts, define, hosts, offered, place, queued, stateOf, TAKEN, WAITING, type FlowCases } from "./kit.ts";
import { dueAt, finish, get, ME, OTHER, owned, step, checkpoint, T } from "../kit.ts";

const LATE = T + OFFER_TIME + 1;

export const offerCases: FlowCases = {
  "Q5 an offer holds for its time": async (store) => {
    await define(store, { concurrency: 1 });
    for (const id of ["a", "b"]) await store.createRun(queued(id));
    assert.deepEqual(await offered(store, T + OFFER_TIME), ["a"]);
    assert.ok(await store.claim({ run: "a", lease: ME, now: T + OFFER_TIME }));
  },
  "Q5 an offer holds, though a call has an earlier time": async (store) => {
    await define(store, { concurrency: 1 });
    for (const id of ["a", "b"]) await store.createRun(queued(id, { createdAt: T + 10 }));
    assert.equal(await store.claim({ run: "b", lease: ME, now: T }), undefined);
    assert.deepEqual(await offered(store, T + 9), ["a"]);
  },
  "Q5 an offer that was made before the clock was set back ends": async (store) => {
    const before = T + LATEST_OFFER - OFFER_TIME;
    await define(store, { concurrency: 1 });
    await store.createRun(queued("a", { createdAt: before }));
    assert.deepEqual(await offered(store, T), ["a"]);
    assert.deepEqual(await offered(store, T - 1), []);
    assert.equal(await stateOf(store, "a"), "pending, in line");
    assert.deepEqual(await offered(store, T - 1, ["ship"]), ["a"]);
  },
  "Q5 an offer that is not taken in time ends, and those of the same workflow step aside": async (store) => {
    await define(store, { concurrency: 1 });
    for (const id of ["a", "b"]) await store.createRun(queued(id));
    await store.createRun(queued("other", { workflow: "bill", queue: place({ rank: T + 99 }) }));
    assert.deepEqual(await offered(store, LATE), ["other"]);
    assert.deepEqual([await stateOf(store, "a"), await stateOf(store, "b")], ["pending, in line", "pending, in line"]);
    assert.deepEqual(await counts(store), [2, 1]);
    await store.cancel({ run: "other", reason: '"why"', now: LATE });
    assert.deepEqual(await offered(store, LATE), []);
    assert.equal(await store.claim({ run: "b", lease: ME, now: LATE }), undefined);
  },
  "Q5 they are back when offers is called for that workflow, in their order": async (store) => {
    await define(store, { concurrency: 1 });
    for (const id of ["a", "b", "c"]) await store.createRun(queued(id));
    assert.deepEqual(await offered(store, LATE, ["bill"]), []);
    assert.deepEqual(await offered(store, LATE, ["bill", "ship"]), ["a"]);
    for (const [next, at] of [
      ["a", LATE],
      ["b", LATE + 1],
      ["c", LATE + 2],
    ] as const) {
      assert.deepEqual(await offered(store, at), [next]);
      assert.ok(await store.claim({ run: next, lease: ME, now: at }));
      await store.commit([finish(next, { at })]);
    }
  },
  "Q5 a step of a run that has an owner, which missed its offer, comes last": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "r");
    for (const id of ["a[0]", "b[0]", "c[0]"]) await ask(store, "r", id);
    await store.leave({ run: "r", epoch: 1, step: "a[0]", now: T });
    assert.deepEqual(await offered(store, T), ["r/b[0]"]);
    assert.deepEqual(await offered(store, LATE), []);
    assert.deepEqual(await offered(store, LATE, ["ship"]), ["r/c[0]"]);
  },
  "Q5 who comes after they stepped aside stands in line": async (store) => {
    await define(store, { concurrency: 1 });
    await store.createRun(queued("a"));
    assert.deepEqual(await offered(store, LATE), []);
    await store.createRun(queued("b", { createdAt: LATE }));
    assert.deepEqual(await offered(store, LATE), ["b"]);
  },
  "Q5 only the queue in which the offer ended is concerned": async (store) => {
    await define(store, { concurrency: 1 });
    await store.createRun(queued("a"));
    await store.defineQueue({ name: "other", concurrency: 1 }, T);
    await owned(store, "busy", { queue: place({ queue: "other" }) });
    await store.createRun(queued("b", { queue: place({ queue: "other" }) }));
    assert.deepEqual(await offered(store, LATE), []);
    await store.commit([finish("busy", { at: LATE })]);
    assert.deepEqual(await offered(store, LATE), ["b"]);
  },
  "Q5 a claim, an enqueue and every other transition end offers whose time has passed": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "host");
    await store.createRun(queued("a", { workflow: "bill" }));
    assert.deepEqual(await ask(store, "host", "s[0]", { now: T + 1 }), WAITING);
    assert.deepEqual(await ask(store, "host", "s[0]", { now: LATE }), TAKEN);
    assert.equal(await stateOf(store, "a"), "pending, in line");
  },
  "Q5 a claim after the end of the offer is refused": async (store) => {
    await define(store, { concurrency: 1 });
    await store.createRun(queued("a"));
    assert.equal(await store.claim({ run: "a", lease: ME, now: LATE }), undefined);
    assert.equal(await stateOf(store, "a"), "pending, in line");
    assert.deepEqual(await offered(store, LATE, ["ship"]), ["a"]);
    assert.ok(await store.claim({ run: "a", lease: ME, now: LATE + 1 }));
  },
  "Q5 a step whose offer ended is offered a slot again": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "busy", "r");
    await ask(store, "busy", "s[0]");
    await ask(store, "r", "s[0]");
    await store.leave({ run: "busy", epoch: 1, step: "s[0]", now: T });
    assert.deepEqual(await ask(store, "r", "s[0]", { now: LATE }), WAITING);
    assert.deepEqual(await offered(store, LATE), []);
    assert.deepEqual(await offered(store, LATE, ["ship"]), ["r/s[0]"]);
    assert.deepEqual(await ask(store, "r", "s[0]", { now: LATE }), TAKEN);
  },
  "offers are returned in the order in which they came": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "busy", { queue: place() });
    for (const [id, rank] of [
      ["a", 9],
      ["b", 5],
      ["c", 1],
    ] as const)
      await store.createRun(queued(id, { queue: place({ rank }) }));
    await define(store, {});
    assert.deepEqual(await store.offers({ now: T, workflows: [] }), [
      { queue: "q", run: "a" },
      { queue: "q", run: "b" },
      { queue: "q", run: "c" },
    ]);
  },
  "Q2 what time makes free is offered by the next call of offers": async (store) => {
    await define(store, { rate: { limit: 1, per: 100, slack: 0 } });
    await owned(store, "a", { queue: place() });
    await store.createRun(queued("b"));
    assert.equal(await stateOf(store, "b"), "pending, in line");
    assert.deepEqual(await offered(store, T + 99), []);
    assert.deepEqual(await offered(store, T + 100), ["b"]);
    assert.equal(await stateOf(store, "b"), "pending");
  },
  "freeSlots frees the slots of a dead owner's steps, and those whose lease ended of any other": async (store) => {
    await hosts(store, "r");
    for (const [id, owner, until] of [
      ["a[0]", "me", T + 10],
      ["b[0]", "me", T + 20],
      ["c[0]", "other", T + 10],
    ] as const)
      await ask(store, "r", id, { lease: { owner, until } });
    await store.freeSlots({ owner: "me", dead: false, now: T + 10 });
    assert.deepEqual(await counts(store), [0, 3]);
    await store.freeSlots({ owner: "me", dead: false, now: T + 11 });
    assert.deepEqual(await counts(store), [0, 2]);
    assert.deepEqual(await store.slotOwners(), ["me", "other"]);
    await store.freeSlots({ owner: "me", dead: true, now: T + 11 });
    assert.deepEqual(await store.slotOwners(), ["other"]);
    await store.freeSlots({ owner: "none", dead: true, now: T + 11 });
    assert.deepEqual(await counts(store), [0, 1]);
  },
  "freeSlots offers what became free": async (store) => {
    await define(store, { concurrency: 1 });
    await hosts(store, "r");
    for (const id of ["a[0]", "b[0]"]) await ask(store, "r", id);
    await store.freeSlots({ owner: "me", dead: true, now: T + 5 });
    assert.deepEqual(await offered(store, T + 5), ["r/b[0]"]);
  },
  "renewSlots extends the slots of the owner's steps, and never shortens one": async (store) => {
    await hosts(store, "r");
    await ask(store, "r", "a[0]", { lease: { owner: "me", until: T + 10 } });
    await ask(store, "r", "b[0]", { lease: { owner: "other", until: T + 10 } });
    await store.renewSlots({ owner: "me", until: T + 50 });
    await store.renewSlots({ owner: "me", until: T + 20 });
    for (const owner of ["me", "other"]) await store.freeSlots({ owner, dead: false, now: T + 49 });
    assert.deepEqual(await store.slotOwners(), ["me"]);
    await store.freeSlots({ owner: "me", dead: false, now: T + 51 });
    assert.deepEqual(await store.slotOwners(), []);
  },
  "freeSlots fences a run whose lease ended, and puts it in line again": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "r", { queue: place({ rank: T + 9 }) });
    await store.createRun(queued("next"));
    await store.freeSlots({ owner: "me", dead: false, now: ME.until });
    assert.deepEqual(await counts(store), [1, 1]);
    await store.freeSlots({ owner: "me", dead: false, now: ME.until + 1 });
    const run = await get(store, "r");
    assert.deepEqual([run.status, run.epoch, run.inLine], ["running", 2, true]);
    assert.deepEqual(await store.commit([step("r", checkpoint("a[0]", 1)), finish("r")]), [false, false]);
    assert.deepEqual(await store.renew({ runs: [{ run: "r", epoch: 1 }], until: T + 99_000 }), [false]);
    assert.deepEqual(await offered(store, ME.until + 1), ["next"]);
    assert.deepEqual(await dueAt(store, ME.until + 1), ["next"]);
    assert.equal(await store.claim({ run: "r", lease: OTHER, now: ME.until + 1 }), undefined);
    assert.ok(await store.claim({ run: "next", lease: OTHER, now: ME.until + 1 }));
    await store.commit([finish("next", { at: ME.until + 2 })]);
    assert.deepEqual(await dueAt(store, ME.until + 2), ["r"]);
    const again = await store.claim({ run: "r", lease: OTHER, now: ME.until + 2 });
    assert.deepEqual([again?.epoch, again?.owner, again?.inLine], [3, "other", undefined]);
  },
  "freeSlots frees the slots of a dead owner's runs at once": async (store) => {
    await define(store, { concurrency: 1 });
    await owned(store, "r", { queue: place() });
    await store.freeSlots({ owner: "me", dead: true, now: T + 5 });
    assert.deepEqual(await offered(store, T + 5), ["r"]);
    const again = await store.claim({ run: "r", lease: OTHER, now: T + 5 });
    assert.deepEqual([again?.epoch, again?.owner, again?.stalls], [3, "other", 1]);
  },
};
