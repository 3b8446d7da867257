import fc from "fast-check";
import type { NewTimedRun as NewRun, NewTimedSchedule as NewSchedule } from "../src/conformance/timed.ts";
import { calling, code, compact, epochOffset, maybe, text, time, workflow, type Command } from "./drawn.ts";

export const schedule = fc.constantFrom("daily", "hourly");

const newSchedule: fc.Arbitrary<NewSchedule> = fc
  .record({
    name: schedule,
    timing: text,
    policy: text,
    overlap: fc.constantFrom("skip", "queue", "cancel-running", "allow"),
    workflow,
    input: text,
    inputHash: text,
    code,
    modules: text,
    directive: maybe(fc.constant(true as const)),
    now: time,
    nextAt: time,
  })
  .map((given) => compact({ ...given, file: "f.ts" }) as NewSchedule);

const tick = (newRun: fc.Arbitrary<NewRun>) =>
  calling(
    "tickSchedule",
    fc
      .record({
        name: schedule,
        offset: epochOffset,
        runs: fc.array(fc.record({ at: time, run: newRun.map(({ lease: _, ...unowned }) => unowned) }), {
          maxLength: 3,
        }),
        doneTo: time,
        nextAt: maybe(time),
        reason: text,
        now: time,
      })
      .map(compact),
    async (store, { offset, runs, ...given }) => {
      const revision = ((await store.getSchedule?.(given.name))?.revision ?? 0) + offset;
      const ofIt = runs.map(({ at, run }) => ({ at, run: { ...run, schedule: given.name } }));
      return store.tickSchedule?.({ ...given, revision, runs: ofIt });
    },
  );

const pause = calling(
  "pauseSchedule",
  fc.record({ name: schedule, offset: epochOffset, paused: fc.boolean(), doneTo: time, nextAt: time }),
  async (store, { name, offset, paused, ...on }) => {
    const revision = ((await store.getSchedule?.(name))?.revision ?? 0) + offset;
    return store.pauseSchedule?.(paused ? { name, revision, paused: true } : { name, revision, paused: false, ...on });
  },
);

/** Commands that define and tick schedules. */
export const scheduleCommands = (
  newRun: fc.Arbitrary<NewRun>,
): { readonly weight: number; readonly arbitrary: fc.Arbitrary<Command> }[] => [
  { weight: 2, arbitrary: calling("putSchedule", newSchedule, (store, given) => store.putSchedule?.(given)) },
  { weight: 3, arbitrary: tick(newRun) },
  { weight: 1, arbitrary: pause },
  { weight: 1, arbitrary: calling("deleteSchedule", schedule, (store, name) => store.deleteSchedule?.({ name })) },
  { weight: 1, arbitrary: calling("dueSchedules", time, (store, now) => store.dueSchedules?.(now)) },
];
