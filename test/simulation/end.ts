import { PerdureError } from "@perdure/protocol";
import { hasEnded, type RunHead, type RunRow } from "../../packages/store/src/index.ts";
import { inputOf } from "../../packages/runtime/src/queues/run-input.ts";
import type { Actions, Caller } from "./actions.ts";
import { gathering, shapes, ticking, type Fate, type Shape } from "./programs/shapes.ts";
import type { Simulation } from "./simulation.ts";
import { values } from "./values.ts";

/** Milliseconds after which a cancellation has taken effect at the latest, when nothing fails. */
const CANCEL_TIME = 60_000;

const byName = new Map<string, Shape>(
  [shapes, gathering, ticking].flatMap((each) => Object.values(each)).map((shape) => [shape.workflow.name, shape]),
);

const allRuns = ({ store, truth }: Simulation): RunRow[] =>
  (store.listRuns({ limit: 1000 }) as RunHead[]).flatMap(({ id }) => truth.row(id) ?? []);

const isBlocked = (row: RunRow): boolean => row.status === "pending" && row.blocked !== undefined;

/** Whether it waits for a child that is blocked, or that waits for such a one. */
const waitsForBlocked = (simulation: Simulation, { id, status }: RunRow): boolean =>
  status === "waiting" &&
  simulation.truth.steps(id).some(({ kind, state, target = "" }) => {
    const child = kind === "child" && state === "open" ? simulation.truth.row(target) : undefined;
    return child !== undefined && (isBlocked(child) || waitsForBlocked(simulation, child));
  });

const isStill = (simulation: Simulation, row: RunRow): boolean =>
  hasEnded(row) || isBlocked(row) || waitsForBlocked(simulation, row);

/** Whether the caller has to be told: its process lives, and can execute the run if that has not ended. */
function isListening({ truth }: Simulation, { process, run }: Caller): boolean {
  const row = truth.row(run);
  const module = row && byName.get(row.workflow)?.module;
  const isTold =
    row !== undefined && (hasEnded(row) || (isBlocked(row) && module !== undefined && process.loaded.has(module)));
  return isTold && !process.isGone && !process.isClosing;
}

/** No schedule ticks any more, every run has ended, or is blocked, and everybody who waited for one has been told. */
export const isAtRest = (simulation: Simulation, actions: Actions): boolean =>
  actions.schedules?.areAtRest !== false &&
  actions.readers?.areAtRest !== false &&
  allRuns(simulation).every((row) => isStill(simulation, row)) &&
  actions.callers.every((caller) => caller.result !== undefined || !isListening(simulation, caller));

/** Whether everything has come to what it may come to. */
export function checkEnd(simulation: Simulation, actions: Actions): void {
  const { observer, truth } = simulation;
  if (observer.problems.length > 0) return;
  const rows = allRuns(simulation);
  for (const id of actions.started) if (!truth.row(id)) observer.problem(`start returned ${id}, which is not recorded`);
  for (const row of rows) {
    if (!isStill(simulation, row)) {
      observer.problem(`${row.id} (${row.workflow}) never ends; it is ${JSON.stringify(row)}`);
      continue;
    }
    if (!hasEnded(row) && !isBlocked(row)) continue;
    const fate = fateOf(simulation, row, rows);
    if (byName.get(row.workflow)?.mayEnd(fate) !== true)
      observer.problem(`${row.id} (${row.workflow}) must not end like that: ${describe(fate)}`);
    checkCancellation(simulation, row);
  }
  for (const caller of actions.callers) if (isListening(simulation, caller)) checkCaller(simulation, caller);
  if (actions.schedules) simulation.flow.ticks.checkEnd(actions.schedules.asked);
  actions.readers?.checkEnd();
  simulation.flow.checkEnd(values, simulation.healedAt, observer.endedAt);
}

/** Not the end of the run: the store failed, or the run was blocked for a while. */
const isStop = (error: unknown): boolean =>
  error instanceof PerdureError || (error instanceof Error && error.name === "StoreDown");

const familyOf = (id: string): string => id.split("/")[0] ?? id;

function fateOf({ observer, truth, flow }: Simulation, row: RunRow, rows: readonly RunRow[]): Fate {
  const family = rows.map(({ id }) => id).filter((id) => familyOf(id) === familyOf(row.id));
  return {
    id: row.id,
    args: inputOf(values, row),
    status: hasEnded(row) ? row.status : "blocked",
    value: hasEnded(row) ? values.decode(row.output) : row.blocked?.error,
    results: truth
      .steps(row.id)
      .flatMap(({ state, output }) => (state === "completed" && output !== undefined ? [values.decode(output)] : [])),
    hasBegun: row.epoch > 0,
    isCancelAsked: family.some((id) => observer.cancelAsked.has(id) || flow.starts.isLimited(id)),
    retries: observer.retried.get(row.id) ?? 0,
    interruptions: family.reduce((sum, id) => sum + (observer.interruptions.get(id) ?? 0), 0),
    accepted: (name) => (observer.accepted.get(`${row.id} ${name}`) ?? []).map(({ payload }) => values.decode(payload)),
  };
}

const describe = ({ status, value, results, interruptions, isCancelAsked }: Fate): string =>
  `${status} ${value instanceof Error ? String(value) : JSON.stringify(value)}; steps ${JSON.stringify(results)}; ${interruptions} interruptions${isCancelAsked ? "; cancelled" : ""}`;

/** A promised cancellation takes effect, unless the run ends at about the same time. */
function checkCancellation({ observer, truth, healedAt }: Simulation, { id, status }: RunRow): void {
  const promisedAt = observer.cancelPromised.get(id);
  const endedAt = observer.endedAt.get(id);
  if (promisedAt === undefined || endedAt === undefined || status === "cancelled") return;
  const isLate = endedAt > Math.max(promisedAt, healedAt) + CANCEL_TIME;
  if (isLate && !truth.steps(id).some(({ kind }) => kind === "cancel"))
    observer.problem(`${id} went on after its cancellation`);
}

/** Who waited for a result has been told what is recorded, or why it cannot be told. */
function checkCaller({ observer, truth }: Simulation, { process, run, result }: Caller): void {
  const row = truth.row(run);
  if (!result) return observer.problem(`${process.name} still waits for the result of ${run}`);
  if (!row || !hasEnded(row) || ("error" in result && isStop(result.error))) return;
  const recorded = values.decode(row.output);
  const told = "value" in result ? result.value : result.error;
  const show = (value: unknown): string => (value instanceof Error ? value.message : (JSON.stringify(value) ?? ""));
  const wasRetried = observer.retries.has(run); // its failure was told before
  if (!wasRetried && show(told) !== show(recorded) && row.status !== "cancelled")
    observer.problem(`${process.name} was told that ${run} came to ${show(told)}, which is ${show(recorded)}`);
}
