import type { Awaitable, NewRun, RunPlace, StepRow, Write } from "@perdure/store";
import type { PostgresStore } from "../../src/index.ts";
import type { StoreMethod } from "../../../store/src/wrap-store.ts";

/** The time of all calls. */
export const NOW = 1_000;

/** One call of a method that writes. */
export interface Transition {
  readonly method: StoreMethod;
  /** Through the store that claimed the runs, which has a shorter way for their steps; else through another one. */
  readonly byOwner?: true;
  /** Situations in which it changes something that nobody can read: when a slot ends, when a start was, what waits for a run that does not exist. */
  readonly unseenWhere?: readonly string[];
  call(store: PostgresStore): Awaitable<unknown>;
}

/** What there is before two transitions. The run `a` is the row that both of them touch, `b` its parent, `c` its child, `d` another run. */
export type Situation = (store: PostgresStore) => Promise<void>;

const me = { owner: "me", ms: 60_000 };
const you = { owner: "you", ms: 60_000 };
const over = { owner: "me", ms: -1 };
const plain: RunPlace = { queue: "plain", key: "", rank: 1 };

const newRun = (id: string, given: Partial<NewRun> = {}): NewRun => ({
  id,
  workflow: "ship",
  file: "f.ts",
  input: '"1"',
  inputHash: "h",
  code: "c1",
  modules: "m",
  seed: "s",
  ...given,
});

const step = (id: string, given: Partial<StepRow>): StepRow => ({
  id,
  kind: "task",
  state: "open",
  attempt: 1,
  inputHash: "h",
  startedAt: 1,
  ...given,
});
const done = (id: string, seq: number, given: Partial<StepRow> = {}): StepRow =>
  step(id, { state: "completed", seq, output: '"done"', ...given });
const child = (id: string, target: string): StepRow => step(id, { kind: "child", target });
const signal = (id: string): StepRow => step(id, { kind: "signal", target: "go" });

type Body<W = Write> = W extends Write ? Omit<W, "run" | "epoch"> : never;
const write = (run: string, body: Body, epoch = 1): Write => ({ run, epoch, ...body }) as Write;
const put = (run: string, row: StepRow): Write => write(run, { type: "step", step: row });
const finish = (run: string, status: "completed" | "failed" = "completed"): Write =>
  write(run, { type: "finish", status, output: '"end"', unhandled: status === "failed" ? ["w[0]"] : [] });
const waits = (run: string, wakeAt?: number): Write =>
  write(run, { type: "release", status: "waiting", ...(wakeAt !== undefined && { wakeAt }) });

const committing = (...writes: readonly Write[]): Transition => ({
  method: "commit",
  byOwner: true,
  call: (store) => store.commit(writes),
});
const creating = (...runs: readonly NewRun[]): Transition =>
  runs.length === 1
    ? { method: "createRun", call: (store) => store.createRun(runs[0] as NewRun) }
    : { method: "createRuns", call: (store) => store.createRuns(runs) };

const schedule = {
  name: "daily",
  timing: "t",
  policy: "p",
  workflow: "ship",
  file: "f.ts",
  input: '"1"',
  inputHash: "h",
  code: "c1",
  modules: "m",
  anchor: 900,
  nextAt: 950,
} as const;
const ticking = (id: string, revision = 1): Transition => ({
  method: "tickSchedule",
  call: (store) =>
    store.tickSchedule({
      name: "daily",
      revision,
      runs: [{ at: 950, run: newRun(id, { schedule: "daily" }) }],
      doneTo: 950,
      nextAt: 2_000,
      reason: '"next"',
    }),
});

const asked = (run: string, queue: string, lease = me) => ({
  run,
  epoch: 1,
  step: "w[0]",
  queue,
  key: "",
  rank: 2,
  lease,
});
const debounced = (id: string, input: string): NewRun =>
  newRun(id, { input, gather: { type: "debounce", key: "d", wait: 5, max: 50 } });
const collected = (id: string, input: string): NewRun =>
  newRun(id, { input, gather: { type: "batch", key: "e", wait: 5, size: 2 } });

export const transitions: Readonly<Record<string, Transition>> = {
  claim: { method: "claim", call: (store) => store.claim({ run: "a", lease: you }) },
  "claim from a dead owner": {
    method: "claim",
    call: (store) => store.claim({ run: "a", lease: you, from: { owner: "me", epoch: 1 } }),
  },
  claimRuns: { method: "claimRuns", call: (store) => store.claimRuns([{ run: "a", lease: you }]) },
  "claimRuns with others": {
    method: "claimRuns",
    call: (store) => store.claimRuns(["d", "a", "c", "b"].map((run) => ({ run, lease: you }))),
  },
  claimNext: {
    method: "claimNext",
    call: (store) => {
      const others = ["b", "c", "d", "e", "f", "g", "h"];
      return store.claimNext({ executables: [{ workflow: "ship" }], except: others, lease: you, limit: 1 });
    },
  },
  renew: {
    method: "renew",
    byOwner: true,
    call: (store) => store.renew({ runs: [{ run: "a", epoch: 1 }], ms: 90_000 }),
  },
  "a checkpoint": committing(put("a", done("v[0]", 5))),
  "two checkpoints": committing(put("a", done("v[1]", 6)), put("a", done("v[2]", 7))),
  "an open step": committing(put("a", step("w[0]", { dueAt: 5_000 }))),
  "a checkpoint of an open step": committing(put("a", done("w[0]", 8))),
  "a delivery is consumed": committing(
    write("a", {
      type: "step",
      step: done("y[0]", 9, { kind: "signal", target: "go" }),
      consume: { name: "go", slot: 0, payload: '"early"' },
    }),
  ),
  "a checkpoint that gives a slot back": committing(write("a", { type: "step", step: done("w[0]", 10), leaves: true })),
  "a checkpoint and progress": committing(
    put("a", done("v[3]", 11)),
    write("a", { type: "progress", value: '"half"' }),
  ),
  "the cancellation is delivered": committing(put("a", done("k[0]", 12, { kind: "cancel" }))),
  "a code version": committing(write("a", { type: "code", code: "c2", modules: "n", codeSeq: 1, codeHistory: "h" })),
  finish: committing(finish("a")),
  "finish as failed": committing(put("a", done("w[0]", 13, { state: "failed" })), finish("a", "failed")),
  "finish with the child": committing(finish("a"), finish("c")),
  "release to pending": committing(write("a", { type: "release", status: "pending" })),
  "release to wait for a signal": committing(put("a", signal("y[1]")), waits("a")),
  "release to wait for the child": committing(put("a", child("z[1]", "c")), waits("a")),
  "release until a time": committing(waits("a", 5_000)),
  "release as blocked": committing(
    write("a", { type: "release", status: "pending", blocked: { error: "E", message: "m", code: "c1" } }),
  ),
  deliver: {
    method: "deliver",
    unseenWhere: ["there is no such run", "a run was deleted"],
    call: (store) => store.deliver({ run: "a", name: "go", payload: '"go"' }),
  },
  cancel: { method: "cancel", call: (store) => store.cancel({ run: "a", reason: '"no"' }) },
  retry: { method: "retry", call: (store) => store.retry({ run: "a" }) },
  restart: { method: "restart", call: (store) => store.restart({ run: "a", seed: "t" }) },
  fork: { method: "fork", call: (store) => store.fork({ run: "a", from: "x[1]", id: "e" }) },
  "fork of another run": { method: "fork", call: (store) => store.fork({ run: "f", from: "x[1]", id: "a" }) },
  unblock: { method: "unblock", call: (store) => store.unblock("a") },
  delete: { method: "delete", call: (store) => store.delete({ run: "a" }) },
  "delete with force": { method: "delete", call: (store) => store.delete({ run: "a", force: true }) },
  prune: { method: "prune", call: (store) => store.prune({ endedBefore: 2_000, limit: 10 }) },
  createRun: creating(newRun("a", { input: '"2"', code: "c3" })),
  "createRun with a lease": creating(newRun("a", { lease: you, code: "c3" })),
  createRuns: creating(newRun("g"), newRun("a", { lease: you })),
  "createRuns in another order": creating(newRun("a"), newRun("g")),
  "createRun in the queue": creating(newRun("a", { queue: plain, lease: you })),
  "another run in the queue": creating(newRun("g", { queue: plain, lease: you })),
  "a debounced start": creating(debounced("g", '"3"')),
  "a collected start": creating(collected("g", '"3"')),
  "a throttled start": creating(newRun("g", { throttle: { key: "t", limit: 1, per: 100 } })),
  "another throttled start": creating(newRun("h", { throttle: { key: "t", limit: 1, per: 100 } })),
  "the child ends": committing(finish("c")),
  "the child is deleted": { method: "delete", call: (store) => store.delete({ run: "c", force: true }) },
  "the child is cancelled": { method: "cancel", call: (store) => store.cancel({ run: "c", reason: '"no"' }) },
  "the parent begins to wait": committing(put("b", child("z[0]", "a")), waits("b")),
  "the parent ends": committing(finish("b")),
  "the parent is claimed": { method: "claim", call: (store) => store.claim({ run: "b", lease: you }) },
  defineQueue: { method: "defineQueue", call: (store) => store.defineQueue({ name: "plain", concurrency: 2 }) },
  "a step asks for a slot": { method: "enqueue", byOwner: true, call: (store) => store.enqueue([asked("a", "plain")]) },
  "another step asks for a slot": { method: "enqueue", call: (store) => store.enqueue([asked("d", "plain")]) },
  "a step asks for a rated slot": {
    method: "enqueue",
    byOwner: true,
    call: (store) => store.enqueue([asked("a", "rated")]),
  },
  "another step asks for a rated slot": { method: "enqueue", call: (store) => store.enqueue([asked("d", "rated")]) },
  "a start is corrected": {
    method: "correctStart",
    unseenWhere: ["its queue has a rate"],
    call: (store) => store.correctStart({ queue: "rated", start: 0, at: 1_200 }),
  },
  leave: { method: "leave", byOwner: true, call: (store) => store.leave({ run: "a", epoch: 1, step: "w[0]" }) },
  "another step leaves": { method: "leave", call: (store) => store.leave({ run: "d", epoch: 1, step: "w[0]" }) },
  "the other run ends": committing(finish("d")),
  offers: {
    method: "offers",
    unseenWhere: ["it is in line", "its step is in line", "its step is offered the slot", "its queue has a rate"],
    call: (store) => store.offers({ workflows: ["ship"] }),
  },
  renewSlots: {
    method: "renewSlots",
    unseenWhere: ["its step has the slot", "the slot of its step is over"],
    call: (store) => store.renewSlots({ owner: "me", ms: 90_000 }),
  },
  "freeSlots of a dead owner": { method: "freeSlots", call: (store) => store.freeSlots({ owner: "me", dead: true }) },
  freeSlots: { method: "freeSlots", call: (store) => store.freeSlots({ owner: "me", dead: false }) },
  expire: { method: "expire", call: (store) => store.expire({ expired: '"expired"', timedOut: '"timed out"' }) },
  putSchedule: {
    method: "putSchedule",
    call: (store) => store.putSchedule({ ...schedule, overlap: "skip", policy: "q" }),
  },
  "a tick that creates it": ticking("a"),
  "a tick that creates another one": ticking("g"),
  "the schedule is paused": {
    method: "pauseSchedule",
    call: (store) => store.pauseSchedule({ name: "daily", revision: 1, paused: true }),
  },
  "the schedule is deleted": { method: "deleteSchedule", call: (store) => store.deleteSchedule({ name: "daily" }) },
};

/** `a` is running, and so are its parent, which waits for it, its child, and another run. */
const running =
  (given: Partial<NewRun> = {}, ...writes: readonly Write[]): Situation =>
  async (store) => {
    await store.createRun(newRun("b", { lease: me }));
    await store.createRun(newRun("a", { parent: "b", lease: me, ...given }));
    await store.createRun(newRun("c", { parent: "a", lease: me }));
    await store.createRun(newRun("d", { lease: me }));
    await store.commit([put("b", child("z[0]", "a")), waits("b")]);
    await store.commit([put("a", done("x[0]", 1)), put("a", done("x[1]", 2))]);
    if (writes.length > 0) await store.commit(writes);
  };
const inTurn =
  (...all: readonly Situation[]): Situation =>
  async (store) => {
    for (const each of all) await each(store);
  };
const oneSlot: Situation = async (store) => {
  await store.defineQueue({ name: "plain", concurrency: 1 });
};
const rated: Situation = async (store) => {
  await store.defineQueue({ name: "rated", rate: { limit: 1, per: 100, slack: 0 } });
};
const scheduled =
  (overlap: "skip" | "queue" | "cancel-running"): Situation =>
  async (store) => {
    await store.putSchedule({ ...schedule, overlap });
    await store.createRun(newRun("a", { schedule: "daily", lease: me }));
  };

export const situations: Readonly<Record<string, Situation>> = {
  "there is no such run": async (store) => {
    await store.createRun(newRun("b", { lease: me }));
    await store.createRun(newRun("f", { lease: me }));
    await store.commit([put("f", done("x[0]", 1)), put("f", done("x[1]", 2))]);
    await store.deliver({ run: "a", name: "go", payload: '"early"' });
    await store.putSchedule({ ...schedule, overlap: "allow" });
  },
  "a run was deleted": async (store) => {
    await store.createRun(newRun("a", { lease: me }));
    await store.commit([finish("a")]);
    await store.delete({ run: "a" });
  },
  "it is pending": async (store) => {
    await store.createRun(newRun("b", { lease: me }));
    await store.createRun(newRun("a", { parent: "b" }));
    await store.createRun(newRun("d"));
  },
  "it is running": inTurn(
    running(),
    (store) => store.deliver({ run: "a", name: "go", payload: '"early"' }) as Promise<never>,
  ),
  "it is running, and so is its parent": async (store) => {
    await store.createRun(newRun("b", { lease: me }));
    await store.createRun(newRun("a", { parent: "b", lease: me }));
  },
  "its lease is over": running({ lease: over }, put("a", signal("y[0]"))),
  "it is to be cancelled": inTurn(running(), (store) => store.cancel({ run: "a", reason: '"stop"' }) as Promise<never>),
  "it waits": running({}, put("a", signal("y[0]")), put("a", child("z[0]", "c")), waits("a", 9_000)),
  "it waits for a child that nobody has": running(
    {},
    write("c", { type: "release", status: "pending" }),
    put("a", child("z[0]", "c")),
    waits("a"),
  ),
  "it is due": running({}, put("a", signal("y[0]")), waits("a", 900)),
  "it was released": running({}, write("a", { type: "release", status: "pending" })),
  "it is blocked": running(
    {},
    write("a", { type: "release", status: "pending", blocked: { error: "E", message: "m", code: "c1" } }),
  ),
  "it has failed": running({}, put("a", done("w[0]", 3, { state: "failed" })), finish("a", "failed")),
  "it has ended": async (store) => {
    await store.createRun(newRun("b", { lease: me }));
    await store.createRun(newRun("a", { parent: "b", lease: me }));
    await store.commit([put("a", done("x[1]", 1)), finish("a")]);
  },
  "it is in line": inTurn(
    oneSlot,
    async (store) => void (await store.createRun(newRun("d", { queue: plain, lease: me }))),
    async (store) => void (await store.createRun(newRun("a", { queue: plain }))),
  ),
  "it has the slot": inTurn(
    oneSlot,
    async (store) => void (await store.createRun(newRun("a", { queue: plain, lease: me }))),
    async (store) => void (await store.createRun(newRun("d", { queue: plain }))),
  ),
  "it has the slot, and its lease is over": inTurn(
    oneSlot,
    async (store) => void (await store.createRun(newRun("a", { queue: plain, lease: over }))),
    async (store) => void (await store.createRun(newRun("d", { queue: plain }))),
  ),
  "its step has the slot": inTurn(oneSlot, running(), async (store) => {
    await store.enqueue([asked("a", "plain")]);
    await store.enqueue([asked("d", "plain")]);
  }),
  "the slot of its step is over": inTurn(oneSlot, running(), async (store) => {
    await store.enqueue([asked("a", "plain", over)]);
    await store.enqueue([asked("d", "plain")]);
  }),
  "its step is offered the slot": inTurn(oneSlot, running(), async (store) => {
    await store.enqueue([asked("d", "plain")]);
    await store.enqueue([asked("a", "plain")]);
    await store.leave({ run: "d", epoch: 1, step: "w[0]" });
  }),
  "its step is in line": inTurn(oneSlot, running(), async (store) => {
    await store.enqueue([asked("d", "plain")]);
    await store.enqueue([asked("a", "plain")]);
  }),
  "its queue has a rate": inTurn(rated, running(), async (store) => {
    await store.enqueue([asked("a", "rated")]);
  }),
  "its debounce gathers": async (store) => void (await store.createRun(debounced("a", '"1"'))),
  "its batch gathers": async (store) => void (await store.createRun(collected("a", '"1"'))),
  "it has not begun in time": async (store) => void (await store.createRun(newRun("a", { beginBy: 900 }))),
  "it has not ended in time": running({ endBy: 900 }),
  "its schedule skips": scheduled("skip"),
  "its schedule lets ticks wait": scheduled("queue"),
  "its schedule cancels it": scheduled("cancel-running"),
};
