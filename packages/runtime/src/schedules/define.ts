import { CATCH_UP, oneOf, OVERLAP, parseDuration, PerdureError } from "@perdure/protocol";
import type { Overlap, ScheduleRow, ScheduleStore, StartConditions, Store } from "@perdure/store";
import ms from "ms";
import { toMilliseconds, type Duration } from "../config/duration.ts";
import { codeOf } from "../definitions/code.ts";
import { locationOf, type WorkflowDefinition } from "../definitions/definition.ts";
import type { ProcessContext } from "../process/context.ts";
import { conditionsOf } from "../queues/conditions.ts";
import { textOf } from "../values/describe.ts";
import { fullFingerprint } from "../values/fingerprint.ts";
import { parseWith } from "../values/schema.ts";
import type { CatchUp } from "./due.ts";
import { Timing, timingText, type TimingSpec } from "./timing.ts";

export interface ScheduleOptions {
  /** Time zone of the cron expression, such as `"Europe/Vienna"`. Default `"UTC"`, which is the same on every machine. */
  readonly timezone?: string;
  /** Each tick is late by a time between 0 and this; always before the next tick. The same in every process. Default 0. */
  readonly jitter?: Duration;
  /**
   * What becomes of ticks while no worker ran. `last` (the default): the last one starts a run, late. `all`: each does, in order. `none`: none does. A tick
   * that a worker sees within ten seconds is not missed.
   */
  readonly catchUp?: CatchUp;
  /**
   * What a tick does while an earlier run of the schedule has not ended. `allow` (the default): it starts its run all the same. `skip`: it starts none. `queue`: it waits for
   * the end of the run. `cancel-running`: it cancels the run, and starts its own.
   */
  readonly overlap?: Overlap;
}

interface Wanted {
  readonly name: string;
  /** A cron expression, or an interval. */
  readonly when: string | number;
  readonly definition: WorkflowDefinition;
  readonly args: readonly unknown[];
  readonly options: ScheduleOptions;
  readonly directive?: true;
}

/** The store, if it has schedules. */
export async function scheduleStore(context: ProcessContext): Promise<Store & ScheduleStore> {
  const store = await context.ready();
  if (hasSchedules(store)) return store;
  throw new PerdureError("STORE_WITHOUT_SCHEDULES", { name: store.name });
}

export const hasSchedules = (store: Store): store is Store & ScheduleStore => store.putSchedule !== undefined;

/**
 * Records the schedule. It is durable when this resolves.
 * @throws PerdureError `SCHEDULE_INVALID`, `OPTION_INVALID`, `DURATION_INVALID`, `SCHEMA_REFUSED`, `VALUE_NOT_STORABLE`, `QUEUE_UNKNOWN`, `QUEUE_NAME_TAKEN`,
 *   `QUEUE_KEY_INVALID`, `QUEUES_NOT_SUPPORTED`
 */
export async function putSchedule(context: ProcessContext, wanted: Wanted): Promise<ScheduleRow> {
  const { name, definition, args, options, directive } = wanted;
  checkName(name);
  checkRecoverable(name, definition);
  const spec = specOf(wanted);
  const catchUp = oneOf(options.catchUp ?? "last", CATCH_UP, "catchUp");
  const overlap = oneOf(options.overlap ?? "allow", OVERLAP, "overlap");
  const { info, module } = definition;
  const { input: schema } = definition.options ?? {};
  if (schema) parseWith(schema, args, `the input of ${info.name}`);
  const input = context.values.encode([...args], `${info.name} was scheduled with`);
  const now = context.clock.now();
  const nextAt = firstOf(name, spec, now);
  const code = codeOf(definition);
  const store = await scheduleStore(context);
  const start = await recordedStart(context, definition, args);
  return store.putSchedule({
    name,
    timing: timingText(spec),
    policy: JSON.stringify({ catchUp, ...(start && { start }) } satisfies Policy),
    overlap,
    workflow: info.name,
    file: module.file,
    input,
    inputHash: fullFingerprint(args, input),
    code: code.fingerprint,
    modules: code.text,
    anchor: now,
    nextAt,
    ...(directive && { directive }),
  });
}

interface Policy {
  readonly catchUp: CatchUp;
  readonly start?: RecordedStart;
}

/** What a run of the workflow waits for, and what ends it, as the program knew it that defined the schedule. */
interface RecordedStart {
  readonly queue?: { readonly name: string; readonly key: string; readonly hold?: true; readonly advantage: number };
  readonly timeout?: number;
}

/** For whoever starts a run and has not loaded the workflow. The queue is then in the store, with its limits. */
async function recordedStart(
  { slots }: ProcessContext,
  definition: WorkflowDefinition,
  args: readonly unknown[],
): Promise<RecordedStart | undefined> {
  const conditions = await conditionsOf(slots, { definition, args }, 0);
  if (!conditions) return undefined;
  const { queue: place, endBy: timeout } = conditions;
  const { queue: name = "", key = "", rank = 0, hold } = place ?? {};
  return {
    ...(place && { queue: { name, key, advantage: -rank, ...(hold && { hold }) } }),
    ...(timeout !== undefined && { timeout }),
  };
}

const policyOf = ({ policy }: ScheduleRow): Policy => JSON.parse(policy) as Policy;

export const catchUpOf = (row: ScheduleRow): CatchUp => policyOf(row).catchUp;

/** What the run of a workflow that is not loaded waits for, and what ends it. */
export function recordedConditions(row: ScheduleRow, now: number): StartConditions {
  const { queue, timeout } = policyOf(row).start ?? {};
  const place = queue && {
    queue: queue.name,
    key: queue.key,
    rank: now - queue.advantage,
    ...(queue.hold && { hold: queue.hold }),
  };
  return { ...(place && { queue: place }), ...(timeout !== undefined && { endBy: now + timeout }) };
}

/** The times of a schedule for people: the cron expression, or `every 1h`. */
export const expressionOf = (spec: TimingSpec): string =>
  "cron" in spec ? spec.cron : `every ${intervalText(spec.every)}`;

/** A duration of which no part is lost: `ms` rounds. */
function intervalText(milliseconds: number): string {
  const text = ms(milliseconds);
  return ms(text as ms.StringValue) === milliseconds ? text : `${milliseconds}ms`;
}

/** With the time of a tick, the name is the id of a run. */
const LONGEST_NAME = 400;

function checkName(name: unknown): void {
  if (typeof name === "string" && name.trim() !== "" && name.length <= LONGEST_NAME && name.isWellFormed()) return;
  const problem = `its name is text of 1 to ${LONGEST_NAME} characters`;
  throw new PerdureError("SCHEDULE_INVALID", { schedule: textOf(name), problem });
}

function checkRecoverable(schedule: string, definition: WorkflowDefinition): void {
  if (definition.info.recoverable) return;
  const { name } = definition.info;
  const problem = `the workflow ${name} (${locationOf(definition)}) needs an instance, or variables around it, so that no process could find it by its name`;
  throw new PerdureError("SCHEDULE_INVALID", { schedule, problem });
}

/** No duration is as long, and `ms` throws for it. */
const isLong = (when: unknown): boolean => typeof when === "string" && when.length > 100;

function specOf({ name: schedule, when, options: { timezone, jitter = 0 } }: Wanted): TimingSpec {
  const delay = toMilliseconds(jitter, "jitter");
  const every = isLong(when) ? undefined : parseDuration(when);
  if (every === undefined && typeof when === "string")
    return { cron: when.trim(), timezone: timezone ?? "UTC", jitter: delay };
  const invalid = (problem: string): PerdureError =>
    new PerdureError("SCHEDULE_INVALID", { schedule, problem: `${JSON.stringify(when) ?? String(when)}: ${problem}` });
  if (every === undefined || every < 1) throw invalid("an interval is at least one millisecond");
  if (timezone !== undefined) throw invalid("a time zone has no effect on an interval");
  return { every: Math.round(every), jitter: delay };
}

/** When the first tick after `now` is due. */
function firstOf(schedule: string, spec: TimingSpec, now: number): number {
  const first = guardedFirst(schedule, spec, now);
  if (typeof first === "number") return first;
  const expression = "cron" in spec ? `"${spec.cron}"` : expressionOf(spec);
  throw new PerdureError("SCHEDULE_INVALID", { schedule, problem: `${expression}: ${first}` });
}

/** The time, or what is wrong. */
function guardedFirst(schedule: string, spec: TimingSpec, now: number): number | string {
  try {
    return new Timing(schedule, spec, now).dueAfter(now) ?? "no time that it names will come";
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error);
  }
}
