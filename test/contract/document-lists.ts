import type {
  Claim,
  Claimed,
  ClaimNext,
  ListedRun,
  NextRuns,
  RunCount,
  RunFilter,
  RunHead,
  RunRow,
  Store,
} from "perdure";
import { cursorOf, positionOf, type Position } from "../../packages/store/src/cursor.ts";
import type { Document, Documents } from "./document-database.ts";

export const among = (wanted: string | readonly string[] | undefined, value: string): boolean =>
  wanted === undefined || [wanted].flat().includes(value);

/** What a list is sorted by: first those with a time to wake at, if they are to be first. */
type Key = readonly [group: number, time: number, number: number];

const keyAt = ({ isDue, time, number }: Position): Key => (isDue ? [0, time, number] : [1, -time, -number]);

function keyOf({ run: { createdAt, wakeAt }, number }: Document, order: RunFilter["order"]): Key {
  const isDue = order === "due" && wakeAt !== undefined;
  return keyAt({ isDue, time: isDue ? wakeAt : createdAt, number });
}

const compare = (a: Key, b: Key): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

export function list(documents: Documents, filter: RunFilter): ListedRun[] {
  const { status, workflow, runs: ids, tags = [], parent, createdAfter, createdBefore, search = "" } = filter;
  const { schedule, order, limit = 100 } = filter;
  const position = positionOf(filter);
  const isWanted = (run: RunRow): boolean =>
    (among(status, run.status) || (run.blocked !== undefined && among(status, "blocked"))) &&
    among(workflow, run.workflow) &&
    among(ids, run.id) &&
    run.id.includes(search) &&
    tags.every((tag) => run.tags?.includes(tag)) &&
    (parent === undefined || parent === run.parent) &&
    (schedule === undefined || schedule === run.schedule) &&
    run.createdAt >= (createdAfter ?? -Infinity) &&
    run.createdAt < (createdBefore ?? Infinity);
  return documents
    .recorded()
    .filter((document) => isWanted(document.run) && (!position || compare(keyAt(position), keyOf(document, order)) < 0))
    .sort((a, b) => compare(keyOf(a, order), keyOf(b, order)))
    .slice(0, limit)
    .map(({ run, number }) => ({ ...headOf(run), cursor: cursorOf(run, number, order) }));
}

export function counts(documents: Documents): RunCount[] {
  const all = documents.recorded().map(({ run }): RunCount => {
    const { workflow, file, status, blocked } = run;
    return { workflow, file, status: blocked ? "blocked" : status, count: 0 };
  });
  const kinds = new Map(all.map((kind) => [JSON.stringify(kind), kind]));
  return [...kinds].map(([key, kind]) => ({
    ...kind,
    count: all.filter((each) => JSON.stringify(each) === key).length,
  }));
}

function headOf({ input: _, codeHistory: __, seed: ___, unhandled: ____, output, ...head }: RunRow): RunHead {
  return output !== undefined && among(["failed", "cancelled"], head.status) ? { ...head, output } : head;
}

type UnfinishedFilter = Parameters<Store["unfinished"]>[0] & { readonly now: number };

export function unfinished(documents: Documents, filter: UnfinishedFilter): RunRow[] {
  const { workflows, runs: wanted, now, limit, alive = [], dead = [], except = [], blocked = true } = filter;
  const needsOwner = ({ owner = "", leaseUntil = Infinity }: RunRow): boolean =>
    dead.includes(owner) || (leaseUntil < now && !alive.includes(owner));
  const isPending = (run: RunRow): boolean => run.status === "pending" && (blocked || run.blocked === undefined);
  const mayNeedOwner = (run: RunRow): boolean =>
    isPending(run) ||
    (run.status === "waiting" && (run.wakeAt ?? Infinity) <= now) ||
    (run.status === "running" && needsOwner(run));
  const runs = documents.all().map(({ run }) => run);
  return runs
    .filter(
      (run) =>
        (workflows?.includes(run.workflow) ?? true) &&
        (wanted?.includes(run.id) ?? true) &&
        !except.includes(run.id) &&
        mayNeedOwner(run),
    )
    .slice(0, limit);
}

/** @param claim - claims one run */
export function claimNext(
  documents: Documents,
  request: ClaimNext & { readonly now: number },
  claim: (claim: Claim) => Claimed | undefined,
): NextRuns {
  const { executables, queues, lease, limit, stalled = false, count = 0, dead = [] } = request;
  const isExecutable = ({ workflow, file, blocked }: RunRow): boolean =>
    executables.some(
      (each) =>
        each.workflow === workflow &&
        among(each.file, file) &&
        !(each.notFiles ?? []).includes(file) &&
        (blocked === undefined || blocked.code !== each.notBlockedUnder),
    );
  const isStalled = ({ status, stalls }: RunRow): boolean => status === "running" && stalls > 0;
  const found = unfinished(documents, { ...request, limit: Infinity }).filter((run) => !queues && isExecutable(run));
  const others = found.filter((run) => !isStalled(run));
  const all = [...others, ...found.filter((run) => stalled && isStalled(run)).slice(0, 1)];
  const claimed = all.slice(0, limit).flatMap(({ id, owner = "", epoch }) => {
    return claim({ run: id, lease, ...(dead.includes(owner) && { from: { owner, epoch } }) }) ?? [];
  });
  return { claimed, left: Math.min(count, all.length - claimed.length) };
}
