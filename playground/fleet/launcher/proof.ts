import { DELIVERED, taskOf, type Attempt } from "./journal.ts";

/** An order, from its beginning to its end. */
const STEPS = ["reserve", "charge", "pack", "ship", DELIVERED];

/** Everything that is left when the customers have gone. */
export interface Evidence {
  /** How many came. Their orders are numbered from 1. */
  readonly customers: number;
  /** The numbers of the orders that the front end has accepted. */
  readonly placed: readonly number[];
  readonly runs: readonly { readonly id: string; readonly status: string }[];
  /** The steps that have a checkpoint. */
  readonly finished: readonly { readonly run: string; readonly step: string }[];
  readonly charges: readonly { readonly order: number; readonly cents: number; readonly asked: number }[];
  /** By their beginning. */
  readonly attempts: readonly Attempt[];
  /** When processes were killed, by their number. */
  readonly deaths: ReadonlyMap<number, number>;
}

/** Everything that should not have happened, one line each. */
export const violations = (evidence: Evidence, places: number, priceOf: (order: number) => number): string[] => [
  ...lost(evidence),
  ...wronglyCharged(evidence, priceOf),
  ...repeated(evidence),
  ...unrecorded(evidence),
  ...crowded(evidence, places),
];

function lost({ customers, placed, runs }: Evidence): string[] {
  const status = new Map(runs.map(({ id, status: at }) => [id, at]));
  const unfinished = placed
    .filter((number) => status.get(`order-${number}`) !== "completed")
    .map((number) => `order ${number} was accepted, and is ${status.get(`order-${number}`) ?? "lost"}`);
  return placed.length < customers
    ? [`${customers - placed.length} orders were never accepted`, ...unfinished]
    : unfinished;
}

function wronglyCharged({ placed, charges }: Evidence, priceOf: (order: number) => number): string[] {
  return placed.flatMap((number) => {
    const amounts = charges.filter(({ order }) => order === number).map(({ cents }) => cents);
    return amounts.length === 1 && amounts[0] === priceOf(number)
      ? []
      : [`order ${number} costs ${priceOf(number)}, and was charged ${amounts.join(" and ") || "nothing"}`];
  });
}

/**
 * The workflow takes one step after the other, and each begins only when the checkpoint of the one before is durable. So what has begun tells what was finished,
 * by no clock, and none of that may begin again.
 */
function repeated({ attempts }: Evidence): string[] {
  const reached = new Map<string, number>();
  return attempts.flatMap((attempt) => {
    const { run, step, machine } = attempt;
    const place = STEPS.indexOf(taskOf(attempt));
    const furthest = reached.get(run) ?? 0;
    reached.set(run, Math.max(place, furthest));
    return place < furthest ? [`${step} of ${run} was finished, and ${machine} executed it again`] : [];
  });
}

const isTask = ({ step }: Attempt): boolean => step !== DELIVERED;

function unrecorded({ finished, attempts }: Evidence): string[] {
  const known = new Set(finished.map(({ run, step }) => `${step} of ${run}`));
  const executed = new Set(attempts.filter(isTask).map(({ run, step }) => `${step} of ${run}`));
  return [...executed].filter((name) => !known.has(name)).map((name) => `${name} was executed and has no checkpoint`);
}

function crowded(evidence: Evidence, places: number): string[] {
  const most = mostAtOnce(evidence, "pack");
  return most > places ? [`${most} orders were packed at the same time, at ${places} places`] : [];
}

/** How many attempts of a task ran at the same time. One whose process was killed ended with it. */
export function mostAtOnce({ attempts, deaths }: Pick<Evidence, "attempts" | "deaths">, task: string): number {
  const changes = attempts
    .filter((attempt) => taskOf(attempt) === task)
    .flatMap(({ from, to, pid }) => [
      { at: from, by: 1 },
      { at: to ?? deaths.get(pid) ?? Infinity, by: -1 },
    ]);
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  return changes.reduce((most, { by }) => Math.max(most, (now += by)), 0);
}

const columns = ["task", "orders", "attempts", "failed", "cut off by a kill", "done, not recorded"] as const;

/** One line for each task: how many attempts its steps took, and why more than one each. */
export function table({ attempts }: Pick<Evidence, "attempts">): string {
  const lines = STEPS.slice(0, -1).map((task) => {
    const all = attempts.filter((attempt) => taskOf(attempt) === task);
    const steps = new Set(all.map(({ run, step }) => `${run} ${step}`)).size;
    const ended = (outcome: Attempt["outcome"]): number => all.filter((attempt) => attempt.outcome === outcome).length;
    return [task, steps, all.length, ended("failed"), ended(undefined), ended("end") - steps];
  });
  const pad = (cell: string | number, column: number): string =>
    column === 0 ? String(cell).padEnd(10) : String(cell).padStart(20);
  return [columns, ...lines].map((cells) => cells.map(pad).join("")).join("\n");
}
