import type {
  ListedRun,
  RunCount,
  RunFilter,
  RunHead,
  RunRow,
  StepFilter,
  StepRow,
  UnfinishedFilter,
} from "../contract.ts";
import { cursorOf, positionOf, type Position } from "../cursor.ts";
import { byAge, byDue, type Placed, type Run } from "./run.ts";
import type { Timed } from "../timed.ts";

export function selected(steps: StepRow[], { after, open, id, values, limit = Infinity }: StepFilter): StepRow[] {
  return steps
    .filter((step) => id === undefined || step.id === id)
    .filter((step) => after === undefined || (step.seq !== undefined && step.seq > after))
    .filter((step) => open === undefined || step.state === "open")
    .slice(0, Math.max(0, limit))
    .map((step) => (values === false ? withoutValues(step) : step));
}

function withoutValues({ input: _, output, ...step }: StepRow): StepRow {
  return step.state === "completed" || output === undefined ? step : { ...step, output };
}

export function list(all: Map<string, Run>, filter: RunFilter): ListedRun[] {
  const { workflow, runs, tags = [], parent, createdAfter = -Infinity, createdBefore = Infinity } = filter;
  const { search = "", schedule, order, limit = 100 } = filter;
  const inOrder = order === "due" ? byDue : (a: Placed, b: Placed): number => byAge(b, a);
  const position = positionOf(filter);
  const bound = position && runAt(position);
  return [...all.values()]
    .filter((run) => (!runs || runs.includes(run.row.id)) && run.row.id.includes(search))
    .filter(({ row }) => hasStatus(row, filter.status) && matches(workflow, row.workflow))
    .filter(
      ({ row }) => tags.every((tag) => row.tags?.includes(tag)) && (parent === undefined || row.parent === parent),
    )
    .filter(({ row }) => schedule === undefined || row.schedule === schedule)
    .filter(({ row }) => row.createdAt >= createdAfter && row.createdAt < createdBefore)
    .filter((run) => !bound || inOrder(bound, run) < 0)
    .sort(inOrder)
    .slice(0, Math.max(0, limit))
    .map((run) => ({ ...headOf(run.row), cursor: cursorOf(run.row, run.number, order) }));
}

/** A run at the position of a cursor, which others are compared with. */
const runAt = ({ isDue, time, number }: Position): Placed => ({
  number,
  row: isDue ? { createdAt: 0, wakeAt: time } : { createdAt: time },
});

export function counts(all: Map<string, Run>): RunCount[] {
  const found = new Map<string, RunCount>();
  for (const { row } of all.values()) {
    const { workflow, file } = row;
    const status = row.blocked ? "blocked" : row.status;
    const key = JSON.stringify([workflow, file, status]);
    found.set(key, { workflow, file, status, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}

function headOf({ input: _, codeHistory: __, seed: ___, unhandled: ____, output, ...head }: RunRow): RunHead {
  const isError = head.status === "failed" || head.status === "cancelled";
  return isError && output !== undefined ? { ...head, output } : head;
}

function hasStatus({ status, blocked }: RunRow, wanted: RunFilter["status"]): boolean {
  return matches(wanted, status) || (blocked !== undefined && matches(wanted, "blocked"));
}

export function matches<T extends string>(wanted: T | readonly T[] | undefined, value: T): boolean {
  return wanted === undefined || (typeof wanted === "string" ? wanted === value : wanted.includes(value));
}

export function unfinished(all: Map<string, Run>, filter: Timed<UnfinishedFilter>): RunRow[] {
  const { workflows, runs, now, limit, alive = [], dead = [], except = [], blocked = true } = filter;
  const mayNeedOwner = ({ row }: Run): boolean => {
    if (workflows && !workflows.includes(row.workflow)) return false;
    if (runs && !runs.includes(row.id)) return false;
    if (row.inLine || except.includes(row.id) || (row.beginBy ?? Infinity) < now) return false;
    if (row.status === "waiting") return row.wakeAt !== undefined && row.wakeAt <= now;
    if (row.status === "pending") return blocked || row.blocked === undefined;
    const { owner = "", leaseUntil = Infinity } = row;
    return row.status === "running" && (dead.includes(owner) || (leaseUntil < now && !alive.includes(owner)));
  };
  return [...all.values()]
    .filter(mayNeedOwner)
    .sort(byAge)
    .slice(0, Math.max(0, limit))
    .map((run) => run.row);
}
