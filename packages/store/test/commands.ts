import fc from "fast-check";
import type { AnyTimedWrite as Write, NewTimedRun as NewRun, TimedStore as Store } from "../src/conformance/timed.ts";
import type { Claimed, ListedRun, RunFilter, RunHead, SignalRow, StepRow } from "../src/index.ts";
import {
  calling,
  code,
  compact,
  epochOf,
  epochOffset,
  lease,
  maybe,
  owner,
  run,
  RUNS,
  signal,
  stepId,
  text,
  time,
  workflow,
  type Command,
} from "./drawn.ts";
import { schedule, scheduleCommands } from "./schedule-commands.ts";
import { sortedHeads, streamQuery, streamState, streamWrite } from "./stream-commands.ts";
import { flowCommands, flowState, startConditions } from "./flow-commands.ts";

const LISTED = ["pending", "running", "waiting", "completed", "failed", "cancelled", "blocked"] as const;
const ENDS = ["completed", "failed", "cancelled"] as const;

const newRun: fc.Arbitrary<NewRun> = fc
  .record({
    id: run,
    workflow,
    input: text,
    code,
    modules: text,
    codeHistory: maybe(text),
    parent: maybe(run),
    tags: maybe(fc.subarray(["new", "old"])),
    schedule: maybe(schedule),
    forkOf: maybe(run),
    restarts: maybe(fc.nat({ max: 2 })),
    startedAt: maybe(time),
    createdAt: time,
    lease: maybe(lease),
  })
  .map((given) => compact({ ...given, file: "f.ts", inputHash: "h", seed: "s" }));

const target = fc.oneof(signal, run);

const step: fc.Arbitrary<StepRow> = fc
  .record({
    id: stepId,
    kind: fc.constantFrom("task", "signal", "signal", "child", "child", "cancel"),
    outcome: fc.constantFrom("open", "open", "completed", "failed"),
    seq: fc.integer({ min: 1, max: 6 }),
    target,
    attempt: fc.nat({ max: 3 }),
    dueAt: maybe(time),
    output: maybe(text),
    input: maybe(text),
    failedAttempts: maybe(text),
    location: maybe(text),
    startedAt: time,
    finishedAt: maybe(time),
  })
  .map(
    ({ outcome, seq, ...given }) =>
      compact({ ...given, state: outcome, seq: outcome === "open" ? undefined : seq, inputHash: "h" }) as StepRow,
  );

const consume: fc.Arbitrary<SignalRow> = fc.record({ name: signal, slot: fc.nat({ max: 2 }), payload: text });
const blocked = fc.record({ error: text, message: text, code: text });

type Drawn = { [T in Write["type"]]: Omit<Extract<Write, { type: T }>, "epoch" | "at"> }[Write["type"]];

/** The write at that time. */
function written(drawn: Drawn, epoch: number, at: number): Write {
  if (drawn.type === "finish" || drawn.type === "release") return { ...drawn, epoch, at };
  if (drawn.type !== "step" || drawn.leaves === undefined) return { ...drawn, epoch };
  return { ...drawn, epoch, leaves: at };
}

const write: fc.Arbitrary<Drawn> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        type: fc.constant("step" as const),
        run,
        step,
        consume: maybe(consume),
        leaves: maybe(time),
      })
      .map(compact),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("finish" as const),
      run,
      status: fc.constantFrom("completed", "failed", "failed", "cancelled"),
      output: text,
      unhandled: fc.subarray(["x[0]", "x[1]", "y[0]", "z[0]"]),
      compensated: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        type: fc.constant("release" as const),
        run,
        status: fc.constantFrom("pending", "waiting", "waiting"),
        wakeAt: maybe(time),
        blocked: maybe(blocked),
      })
      .map(compact),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("progress" as const), run, value: text }),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        type: fc.constant("code" as const),
        run,
        code,
        modules: text,
        codeSeq: fc.nat({ max: 5 }),
        codeHistory: maybe(text),
      })
      .map(compact),
  },
) as fc.Arbitrary<Drawn>;

const claim = calling(
  "claim",
  fc.record({ run, lease, now: time, from: maybe(fc.record({ owner, offset: epochOffset })) }),
  async (store, given) => {
    const { from, ...rest } = given;
    return store.claim(
      from ? { ...rest, from: { owner: from.owner, epoch: await epochOf(store, given.run, from.offset) } } : rest,
    );
  },
);

const claimRuns = calling(
  "claimRuns",
  fc.record({ now: time, claims: fc.array(fc.record({ run, lease }), { maxLength: 4 }) }),
  async (store, { now, claims }) => {
    const answers = await store.claimRuns(claims.map((each) => ({ ...each, now })));
    return answers.map((claimed) => claimed && sorted(claimed));
  },
);

const commit = (each: fc.Arbitrary<Drawn>): fc.Arbitrary<Command> =>
  calling(
    "commit",
    fc.record({ at: time, writes: fc.array(fc.record({ write: each, offset: epochOffset }), { maxLength: 6 }) }),
    async (store, { at, writes: drawn }) => {
      const writes: Write[] = [];
      for (const { write: one, offset } of drawn) writes.push(written(one, await epochOf(store, one.run, offset), at));
      return store.commit(writes);
    },
  );

const executables = fc
  .record({
    ship: fc.constantFrom({}, { file: "f.ts" }, { notFiles: ["f.ts"] }, { notBlockedUnder: "k" }, undefined),
    bill: fc.constantFrom({}, undefined),
  })
  .map((given) =>
    Object.entries(given).flatMap(([name, each]) => (each ? [{ workflow: name, ...(each as object) }] : [])),
  );

const claimNext = calling(
  "claimNext",
  fc
    .record({
      executables,
      queues: maybe(fc.constant(["q"])),
      lease,
      limit: fc.nat({ max: 3 }),
      alive: maybe(fc.subarray(["me", "you"])),
      dead: maybe(fc.subarray(["me", "you"])),
      except: maybe(fc.uniqueArray(run)),
      blocked: maybe(fc.boolean()),
      stalled: maybe(fc.boolean()),
      count: maybe(fc.nat({ max: 3 })),
      now: time,
    })
    .map(compact),
  async (store, given) => {
    const { claimed, left } = await store.claimNext(given);
    return { left, claimed: claimed.map(sorted) };
  },
);

const renew = calling(
  "renew",
  fc.record({ run, offset: epochOffset, until: time }),
  async (store, { run: id, offset, until }) =>
    store.renew({ runs: [{ run: id, epoch: await epochOf(store, id, offset) }], until }),
);

const filter = fc
  .record({
    status: maybe(fc.oneof(fc.constantFrom(...LISTED), fc.subarray([...LISTED]))),
    workflow: maybe(fc.oneof(workflow, fc.subarray(["ship", "bill"]))),
    runs: maybe(fc.uniqueArray(run)),
    tags: maybe(fc.subarray(["new", "old"])),
    parent: maybe(run),
    schedule: maybe(schedule),
    createdAfter: maybe(time),
    createdBefore: maybe(time),
    search: maybe(fc.constantFrom("a", "B", "")),
    order: maybe(fc.constantFrom("created" as const, "due" as const)),
    limit: maybe(fc.nat({ max: 5 })),
  })
  .map(compact);

const pruned = fc
  .record({
    now: time,
    endedBefore: time,
    status: maybe(fc.subarray([...ENDS])),
    workflow: maybe(fc.subarray(["ship", "bill"])),
    keep: maybe(fc.nat({ max: 2 })),
    limit: fc.nat({ max: 3 }),
  })
  .map(compact);

/** Open steps have no order, so no limit is set on them. */
const stepFilter = fc
  .tuple(
    fc.oneof(
      fc.record({ after: fc.nat({ max: 6 }), limit: maybe(fc.nat({ max: 3 })) }),
      fc.record({ open: fc.constant(true as const) }),
      fc.record({ id: stepId, after: maybe(fc.nat({ max: 6 })), open: maybe(fc.constant(true as const)) }),
    ),
    fc.record({ values: maybe(fc.constant(false as const)) }),
  )
  .map(([which, how]) => compact({ ...which, ...how }));

const unfinished = fc
  .record({
    workflows: fc.subarray(["ship", "bill"]),
    now: time,
    limit: fc.nat({ max: 5 }),
    alive: maybe(fc.subarray(["me", "you"])),
    dead: maybe(fc.subarray(["me", "you"])),
    except: maybe(fc.uniqueArray(run)),
  })
  .map(compact);

const commands: { readonly weight: number; readonly arbitrary: fc.Arbitrary<Command> }[] = [
  { weight: 4, arbitrary: claim },
  { weight: 2, arbitrary: claimRuns },
  { weight: 3, arbitrary: claimNext },
  { weight: 1, arbitrary: renew },
  {
    weight: 3,
    arbitrary: calling("deliver", fc.record({ run, name: signal, payload: text, now: time }), (store, given) =>
      store.deliver(given),
    ),
  },
  {
    weight: 2,
    arbitrary: calling("cancel", fc.record({ run, reason: text, now: time }), (store, given) => store.cancel(given)),
  },
  {
    weight: 2,
    arbitrary: calling("retry", fc.record({ run, now: time, force: fc.boolean() }), (store, given) =>
      store.retry(given),
    ),
  },
  {
    weight: 1,
    arbitrary: calling("restart", fc.record({ run, now: time, seed: text }), (store, given) => store.restart(given)),
  },
  {
    weight: 1,
    arbitrary: calling("fork", fc.record({ run, from: stepId, id: run, now: time }), (store, given) =>
      store.fork(given),
    ),
  },
  { weight: 1, arbitrary: calling("unblock", run, (store, given) => store.unblock(given)) },
  {
    weight: 1,
    arbitrary: calling("delete", fc.record({ run, now: time, force: fc.boolean() }), (store, given) =>
      store.delete(given),
    ),
  },
  { weight: 1, arbitrary: calling("prune", pruned, (store, given) => store.prune(given)) },
  {
    weight: 1,
    arbitrary: calling("steps", fc.tuple(run, stepFilter), async (store, [id, given]) =>
      sortedSteps(await store.steps(id, given)),
    ),
  },
  {
    weight: 1,
    arbitrary: calling("listRuns", filter, async (store, given) => withoutCursors(await store.listRuns(given))),
  },
  { weight: 1, arbitrary: calling("listRuns after", fc.tuple(filter, fc.nat({ max: 3 })), pageAfter) },
  { weight: 1, arbitrary: calling("unfinished", unfinished, (store, given) => store.unfinished(given)) },
];

const streamCommands: typeof commands = [
  { weight: 5, arbitrary: commit(fc.oneof({ weight: 3, arbitrary: streamWrite }, write)) },
  { weight: 2, arbitrary: calling("readStream", streamQuery, (store, given) => store.readStream?.(given)) },
];

/**
 * @param queues - the store has queues
 * @param streams - the store has streams
 * @param forward - the commands are called in the order of their times. Otherwise, nothing is drawn whose answer the contract leaves open where a
 *   clock is set back: a rate or a throttle, which may forget what is no longer needed.
 */
export function drawnCommand({
  queues,
  streams,
  forward,
}: {
  readonly queues: boolean;
  readonly streams: boolean;
  readonly forward: boolean;
}): fc.Arbitrary<Command> {
  const created = queues
    ? fc.tuple(newRun, startConditions(forward)).map(([given, conditions]) => ({ ...given, ...conditions(given) }))
    : newRun;
  const creation = calling("createRun", created, (store, given) => store.createRun(given));
  return fc.oneof(
    { weight: queues ? 6 : 3, arbitrary: creation },
    ...commands,
    { weight: 8, arbitrary: commit(write) },
    ...(streams ? streamCommands : []),
    ...scheduleCommands(created),
    ...(queues ? flowCommands(forward) : []),
  );
}

/** Everything that can be read of the generated runs through the contract. */
export async function everything(store: Store) {
  const runs = withoutCursors(await store.listRuns({}));
  const steps = await Promise.all(runs.map(async ({ id }) => sortedSteps(await store.steps(id))));
  const wakeups = await store.wakeups(runs.map(({ id, epoch }) => ({ run: id, epoch })));
  const codes = await Promise.all(["c1", "c2", "c3"].map((each) => store.getCode(each)));
  const counts = (await store.countRuns()).map((count) => JSON.stringify(Object.entries(count).sort())).sort();
  const rows = await Promise.all(runs.map(({ id }) => store.getRun(id)));
  const executions = await Promise.all(runs.map(({ id }) => store.executions(id)));
  const schedules = await store.listSchedules?.();
  const owners = [...(await store.owners())].sort();
  const streams = await streamState(store, RUNS);
  return {
    runs,
    wakeups,
    steps,
    codes,
    counts,
    rows,
    executions,
    schedules,
    owners,
    streams,
    flow: await flowState(store),
  };
}

/** Each store has cursors of its own. */
const withoutCursors = (runs: readonly ListedRun[]): RunHead[] => runs.map(({ cursor: _, ...run }) => run);

/** The page after the run at `place` of the whole list. */
async function pageAfter(store: Store, [given, place]: readonly [RunFilter, number]): Promise<RunHead[]> {
  const { limit: _, ...all } = given;
  const after = (await store.listRuns(all))[place]?.cursor;
  return withoutCursors(await store.listRuns({ ...given, ...(after !== undefined && { after }) }));
}

const sorted = ({ steps = [], streams, ...claimed }: Claimed) => ({
  ...claimed,
  steps: sortedSteps(steps),
  ...(streams && { streams: sortedHeads(streams) }),
});

/** Sorts the open steps, which a store may return in any order. */
function sortedSteps(steps: readonly StepRow[]): StepRow[] {
  const open = steps.filter(({ seq }) => seq === undefined);
  return [...steps.filter(({ seq }) => seq !== undefined), ...open.sort((a, b) => (a.id < b.id ? -1 : 1))];
}
