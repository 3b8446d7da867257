import assert from "node:assert/strict";
import type { ScheduleRow, Ticked } from "../contract.ts";
import type {
  NewTimedRun as NewRun,
  NewTimedSchedule as NewSchedule,
  TimedScheduleStore as ScheduleStore,
  TimedStore as Store,
  TimedTick as Tick,
} from "./timed.ts";
import { MOST_WAITING } from "../apply-tick.ts";
import { finish, get, newRun, ME, T, together, type Cases } from "./kit.ts";

type Scheduling = Store & ScheduleStore;

const MINUTE = 60_000;

/** A test for stores that have schedules; for others it does nothing. */
const scheduling =
  (run: (store: Scheduling) => Promise<void>) =>
  async (store: Store): Promise<void> => {
    if (store.putSchedule) await run(store as Scheduling);
  };

function definition(given: Partial<NewSchedule> = {}): NewSchedule {
  return {
    name: "daily",
    timing: "every minute",
    policy: "last",
    overlap: "allow",
    workflow: "ship",
    file: "src/ship.ts",
    input: "[1]",
    inputHash: "in",
    code: "c1",
    modules: "[1]",
    now: T,
    nextAt: T + MINUTE,
    ...given,
  };
}

/** A tick at each of the times, as a caller makes it that has read the schedule. */
function tickOf(row: ScheduleRow, times: readonly number[], given: Partial<Tick> = {}): Tick {
  const last = times.at(-1) ?? row.doneTo;
  return {
    name: row.name,
    revision: row.revision,
    runs: times.map((at) => ({ at, run: runAt(row.name, at) })),
    doneTo: last,
    nextAt: last + MINUTE,
    reason: '"late"',
    now: last,
    ...given,
  };
}

const runAt = (schedule: string, at: number): NewRun => newRun(`${schedule}@${at}`, { schedule, createdAt: at });

async function ticked(store: Scheduling, row: ScheduleRow, times: readonly number[]): Promise<Ticked> {
  const done = await store.tickSchedule(tickOf(row, times));
  assert.ok(done, "the tick is accepted");
  return done;
}

/** Ends the run, as its owner does. */
async function end(store: Store, id: string): Promise<void> {
  const run = await store.claim({ run: id, lease: ME, now: T });
  assert.deepEqual(await store.commit([finish(id, { epoch: run?.epoch ?? 0 })]), [true]);
}

const found = async (store: Scheduling, name = "daily"): Promise<ScheduleRow> => {
  const row = await store.getSchedule(name);
  assert.ok(row, `the schedule ${name} exists`);
  return row;
};

const names = (rows: readonly ScheduleRow[]): string[] => rows.map(({ name }) => name);
const [FIRST, SECOND, THIRD] = [T + MINUTE, T + 2 * MINUTE, T + 3 * MINUTE];

const cases: Record<string, (store: Scheduling) => Promise<void>> = {
  "Z1 a definition is stored, with its code version": async (store) => {
    assert.deepEqual([await store.getSchedule("daily"), await store.listSchedules()], [undefined, []]);
    const row = await store.putSchedule(definition());
    const { modules: _, now, nextAt, ...given } = definition();
    const counts = { waiting: [], runs: 0, skipped: 0 };
    const expected = { ...given, ...counts, nextAt, anchor: now, doneTo: now, createdAt: now, revision: row.revision };
    assert.deepEqual(row, expected);
    assert.deepEqual([await found(store), await store.listSchedules()], [row, [row]]);
    assert.equal(await store.getCode("c1"), "[1]");
    await store.putSchedule(definition({ name: "a" }));
    assert.deepEqual(names(await store.listSchedules()), ["a", "daily"]);
  },
  "Z1 the same definition again changes nothing but what names the code": async (store) => {
    const row = await store.putSchedule(definition());
    const later = { now: T + 5, nextAt: T + 999 };
    assert.deepEqual(await store.putSchedule(definition(later)), row);
    const moved = { file: "src/moved.ts", code: "c2", input: "[1, 1]" };
    assert.deepEqual(await store.putSchedule(definition({ ...later, ...moved, modules: "[2]" })), { ...row, ...moved });
    assert.equal(await store.getCode("c2"), "[2]");
  },
  "Z1 another definition replaces it; ticks go on if their times stay": async (store) => {
    const row = await store.putSchedule(definition());
    const other = { policy: "all", overlap: "skip", workflow: "bill", inputHash: "other" } as const;
    const replaced = await store.putSchedule(definition({ ...other, now: T + 5, nextAt: T + 999 }));
    assert.deepEqual(replaced, { ...row, ...other, revision: replaced.revision });
    assert.ok(replaced.revision > row.revision);
    const timed = await store.putSchedule(definition({ timing: "hourly", now: T + 6, nextAt: T + 999 }));
    assert.deepEqual([timed.anchor, timed.doneTo, timed.nextAt, timed.createdAt], [T + 6, T + 6, T + 999, T]);
    assert.ok(timed.revision > replaced.revision);
  },
  "Z1 a replaced schedule stays paused, and keeps its counts and the ticks that wait": async (store) => {
    let row = await store.putSchedule(definition({ overlap: "queue" }));
    row = (await ticked(store, row, [FIRST, SECOND])).schedule;
    assert.ok(await store.pauseSchedule({ name: "daily", revision: row.revision, paused: true }));
    const after = await store.putSchedule(definition({ overlap: "queue", timing: "hourly", now: T + 6 }));
    const { paused, waiting, runs, lastAt, lastRun } = after;
    assert.deepEqual(
      { paused, waiting, runs, lastAt, lastRun },
      { paused: true, waiting: [SECOND], runs: 1, lastAt: FIRST, lastRun: `daily@${FIRST}` },
    );
  },
  "Z1 a directive does not replace what the program defined; the program replaces a directive": async (store) => {
    const own = await store.putSchedule(definition({ directive: true }));
    assert.equal(own.directive, true);
    const program = await store.putSchedule(definition());
    assert.equal("directive" in program, false);
    assert.deepEqual(await store.putSchedule(definition({ directive: true, timing: "hourly" })), program);
  },
  "Z1 concurrent definitions make one schedule": async (store) => {
    const made = await together(10, (place) => store.putSchedule(definition({ now: T + place })));
    assert.equal(new Set(made.map(({ revision, anchor }) => `${revision} ${anchor}`)).size, 1);
  },
  "Z2 a tick creates its runs, and moves the schedule": async (store) => {
    const row = await store.putSchedule(definition());
    const { schedule, runs, cancelled } = await ticked(store, row, [FIRST, SECOND]);
    assert.deepEqual(
      runs.map(({ created, run }) => [created, run.id, run.status, run.schedule]),
      [FIRST, SECOND].map((at) => [true, `daily@${at}`, "pending", "daily"]),
    );
    const moved = { doneTo: SECOND, nextAt: THIRD, lastAt: SECOND, lastRun: `daily@${SECOND}`, runs: 2 };
    assert.deepEqual(schedule, { ...row, ...moved, revision: schedule.revision });
    assert.deepEqual([await found(store), cancelled], [schedule, []]);
    assert.deepEqual(
      (await store.listRuns({ schedule: "daily" })).map(({ id }) => id),
      [`daily@${SECOND}`, `daily@${FIRST}`],
    );
    assert.deepEqual(await store.listRuns({ schedule: "other" }), []);
  },
  "Z2 of concurrent ticks of one revision, one creates the runs": async (store) => {
    const row = await store.putSchedule(definition());
    const all = await together(10, () => store.tickSchedule(tickOf(row, [FIRST])));
    assert.equal(all.filter((each) => each !== undefined).length, 1);
    assert.deepEqual([(await found(store)).runs, (await store.listRuns({})).length], [1, 1]);
  },
  "Z2 a tick under another definition, or of a paused or deleted schedule, changes nothing": async (store) => {
    const row = await store.putSchedule(definition());
    const changed = await store.putSchedule(definition({ inputHash: "other" }));
    assert.equal(await store.tickSchedule(tickOf(row, [FIRST])), undefined);
    const paused = await store.pauseSchedule({ name: "daily", revision: changed.revision, paused: true });
    assert.ok(paused);
    assert.equal(await store.tickSchedule(tickOf(paused, [FIRST])), undefined);
    assert.equal(await store.deleteSchedule({ name: "daily" }), true);
    const again = await store.putSchedule(definition());
    for (const old of [row, changed, paused]) assert.equal(await store.tickSchedule(tickOf(old, [FIRST])), undefined);
    assert.deepEqual([await found(store), await store.listRuns({})], [again, []]);
  },
  "Z2 a run whose id exists is attached to": async (store) => {
    const row = await store.putSchedule(definition({ overlap: "skip" }));
    await store.createRun(runAt("daily", FIRST));
    const { schedule, runs } = await ticked(store, row, [FIRST]);
    assert.deepEqual(
      runs.map(({ created, run }) => [created, run.id]),
      [[false, `daily@${FIRST}`]],
    );
    assert.deepEqual([schedule.runs, schedule.skipped, schedule.lastAt], [0, 0, FIRST]);
  },
  "Z2 a schedule without a further tick is never due": async (store) => {
    const row = await store.putSchedule(definition());
    const { nextAt: _, ...tick } = tickOf(row, [FIRST]);
    const done = await store.tickSchedule(tick);
    assert.equal(done && "nextAt" in done.schedule, false);
    assert.deepEqual(await store.dueSchedules(T + 1e12), { due: [], waiting: false });
  },
  "Z3 skip: a tick while a run has not ended is counted, and creates none": async (store) => {
    let row = await store.putSchedule(definition({ overlap: "skip" }));
    row = (await ticked(store, row, [FIRST, SECOND])).schedule;
    assert.deepEqual([row.runs, row.skipped, row.lastAt, row.doneTo], [1, 1, FIRST, SECOND]);
    await end(store, `daily@${FIRST}`);
    row = (await ticked(store, row, [THIRD])).schedule;
    assert.deepEqual([row.runs, row.skipped, row.lastAt], [2, 1, THIRD]);
  },
  "Z3 allow: runs go on beside each other": async (store) => {
    const row = await store.putSchedule(definition());
    const { schedule } = await ticked(store, row, [FIRST, SECOND, THIRD]);
    assert.deepEqual([schedule.runs, schedule.skipped], [3, 0]);
  },
  "Z3 cancel-running: runs that have not ended are requested to cancel, then the next is created": async (store) => {
    let row = await store.putSchedule(definition({ overlap: "cancel-running" }));
    row = (await ticked(store, row, [FIRST])).schedule;
    await store.claim({ run: `daily@${FIRST}`, lease: ME, now: T });
    const second = await ticked(store, row, [SECOND]);
    assert.deepEqual(second.cancelled, [`daily@${FIRST}`]);
    const { status, cancel } = await get(store, `daily@${FIRST}`);
    assert.deepEqual([status, cancel], ["running", '"late"']);
    const third = await ticked(store, second.schedule, [THIRD]);
    assert.deepEqual(third.cancelled, [`daily@${FIRST}`, `daily@${SECOND}`]);
    const never = await get(store, `daily@${SECOND}`);
    assert.deepEqual([never.status, never.output, third.schedule.runs], ["cancelled", '"late"', 3]);
  },
  "Z3 queue: ticks wait for the run before, in order": async (store) => {
    let row = await store.putSchedule(definition({ overlap: "queue" }));
    row = (await ticked(store, row, [FIRST, SECOND])).schedule;
    row = (await ticked(store, row, [SECOND, THIRD])).schedule;
    assert.deepEqual([row.waiting, row.runs], [[SECOND, THIRD], 1]);
    await end(store, `daily@${FIRST}`);
    row = (await ticked(store, row, [SECOND, THIRD])).schedule;
    assert.deepEqual([row.waiting, row.runs, row.lastAt], [[THIRD], 2, SECOND]);
    await end(store, `daily@${SECOND}`);
    row = (await ticked(store, row, [THIRD])).schedule;
    assert.deepEqual([row.waiting, row.runs, row.lastAt, row.skipped], [[], 3, THIRD, 0]);
  },
  "Z3 queue: not more than a certain number of ticks wait": async (store) => {
    const row = await store.putSchedule(definition({ overlap: "queue" }));
    const times = Array.from({ length: MOST_WAITING + 3 }, (_, place) => FIRST + place);
    const { schedule } = await ticked(store, row, times);
    assert.deepEqual([schedule.runs, schedule.waiting.length, schedule.skipped], [1, MOST_WAITING, 2]);
    assert.deepEqual(schedule.waiting.slice(0, 2), [FIRST + 1, FIRST + 2]);
  },
  "Z4 due are those whose time has come, the longest due first": async (store) => {
    for (const [name, nextAt] of Object.entries({ a: T + 3, b: T + 1, c: T + 5 }))
      await store.putSchedule(definition({ name, nextAt }));
    assert.deepEqual(await store.dueSchedules(T), { due: [], waiting: false, nextAt: T + 1 });
    const { due, nextAt } = await store.dueSchedules(T + 3);
    assert.deepEqual([names(due), nextAt], [["b", "a"], T + 5]);
    assert.deepEqual(due[0], await found(store, "b"));
  },
  "Z4 due are those with a tick that waits, once no run is left": async (store) => {
    const row = await store.putSchedule(definition({ overlap: "queue" }));
    const { schedule } = await ticked(store, row, [FIRST, SECOND]);
    assert.deepEqual(await store.dueSchedules(SECOND), { due: [], waiting: true, nextAt: THIRD });
    await end(store, `daily@${FIRST}`);
    assert.deepEqual(await store.dueSchedules(SECOND), { due: [schedule], waiting: true, nextAt: THIRD });
  },
  "Z4 a paused schedule is not due, and goes on from where it is told to": async (store) => {
    const row = await store.putSchedule(definition());
    const { revision, name } = row;
    assert.equal(await store.pauseSchedule({ name, revision: revision + 9, paused: true }), undefined);
    assert.equal(await store.pauseSchedule({ name: "none", revision, paused: true }), undefined);
    const same = await store.pauseSchedule({ name, revision, paused: false, doneTo: T + 9, nextAt: T + 9 });
    assert.deepEqual(same, row);
    const paused = await store.pauseSchedule({ name, revision, paused: true });
    assert.deepEqual(paused, { ...row, paused: true, revision: paused?.revision });
    assert.deepEqual(await store.dueSchedules(THIRD), { due: [], waiting: false });
    const on = { doneTo: SECOND, nextAt: THIRD };
    const resumed = await store.pauseSchedule({ name, revision: paused?.revision ?? 0, paused: false, ...on });
    assert.deepEqual(resumed, { ...row, ...on, revision: resumed?.revision });
    assert.deepEqual(names((await store.dueSchedules(THIRD)).due), ["daily"]);
  },
  "Z5 a deleted schedule leaves its runs": async (store) => {
    const row = await store.putSchedule(definition());
    const { schedule } = await ticked(store, row, [FIRST]);
    assert.equal(await store.deleteSchedule({ name: "daily", revision: row.revision }), false);
    assert.equal(await store.deleteSchedule({ name: "daily", revision: schedule.revision }), true);
    assert.equal(await store.deleteSchedule({ name: "daily" }), false);
    assert.deepEqual([await store.listSchedules(), (await get(store, `daily@${FIRST}`)).status], [[], "pending"]);
  },
};

/** Tests with several stores on the same data. */
export const sharedScheduleCases: Readonly<
  Record<string, (store: Store, reopen: () => Promise<Store>) => Promise<void>>
> = {
  "Z2 of concurrent ticks of several stores, one creates the runs; each store has the schedule": async (
    store,
    reopen,
  ) => {
    if (!store.putSchedule) return;
    const first = store as Scheduling;
    const row = await first.putSchedule(definition());
    const others = (await together(3, reopen)) as Scheduling[];
    try {
      for (const other of others) assert.deepEqual(await other.listSchedules(), [row]);
      const all = [first, ...others];
      const answers = await together(8, (place) => (all[place % 4] ?? first).tickSchedule(tickOf(row, [FIRST])));
      assert.equal(answers.filter((each) => each !== undefined).length, 1);
      const after = await Promise.all(all.map((each) => found(each)));
      for (const each of after) assert.deepEqual(each, after[0]);
      assert.deepEqual([after[0]?.runs, (await store.listRuns({})).length], [1, 1]);
    } finally {
      for (const other of others) await other.close();
    }
  },
};

export const scheduleCases: Cases = Object.fromEntries(
  Object.entries(cases).map(([name, run]) => [name, scheduling(run)]),
);
