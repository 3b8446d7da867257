import type { FlowStore, QueueAnswer, QueuedStep, QueueKeyRow } from "../contract.ts";
import { isFinal } from "../status.ts";
import { held } from "../timed.ts";
import {
  drop,
  enter,
  fill,
  isInLine,
  isOffered,
  itemOfStep,
  leave,
  lineUp,
  promised,
  queueOf,
  take,
  type Item,
  type Line,
} from "./line.ts";
import { cancel, cancelAtOnce } from "./requests.ts";
import { change, ownedRun } from "./run.ts";
import { leaveStep, rankOf } from "./slots.ts";
import type { Memory } from "./state.ts";

/** The queues of a store in memory. */
export function memoryFlow(memory: Memory, time: () => number): FlowStore {
  const { runs, line } = memory;
  return {
    defineQueue(definition) {
      queueOf(line, definition.name).definition = definition;
      fill(line, definition.name, time());
    },
    queues: () =>
      [...line.queues]
        .map(([name, { items, definition }]) => ({ name, definition, ...countsOf([...items]) }))
        .filter(({ definition, waiting, running }) => definition !== undefined || waiting + running > 0)
        .map(({ definition, ...row }) => ({ ...row, ...definition }))
        .sort((a, b) => byText(a.name, b.name)),
    queueKeys(queue, limit) {
      const items = [...queueOf(line, queue).items].filter((item) => !item.lent || isInLine(item));
      return [...new Set(items.map(({ key }) => key))]
        .map((key) => ({ key, ...countsOf(items.filter((item) => item.key === key)) }))
        .sort((a, b) => b.waiting - a.waiting || byText(a.key, b.key))
        .slice(0, Math.max(0, limit));
    },
    queueItems: (run) =>
      [...line.items]
        .filter((item) => item.run === run)
        .map((item) => ({
          queue: item.queue,
          key: item.key,
          ...(item.step !== undefined && { step: item.step }),
          inLine: isInLine(item),
          since: item.since,
        })),
    enqueue: (steps) => steps.map((step) => enqueue(memory, step, time())),
    leave: (step) => leaveStep(line, step, time()),
    correctStart({ queue, start, at }) {
      const { starts, started, definition } = queueOf(line, queue);
      if (!definition?.rate) return true;
      if (start >= started || start + definition.rate.limit < started + promised(line, queue)) return false;
      starts.set(start, Math.max(starts.get(start) ?? at, at));
      return true;
    },
    offers({ workflows }) {
      const now = time();
      for (const item of line.items)
        if (item.state === "aside" && workflows.includes(item.workflow)) item.state = "waiting";
      for (const name of line.queues.keys()) fill(line, name, now);
      return [...line.items]
        .filter((item) => isOffered(item, now))
        .map(({ queue, run, step }) => (step === undefined ? { queue, run } : { queue, run, step }));
    },
    renewSlots({ owner, ms }) {
      const until = time() + ms;
      for (const item of slotsOf(line, owner))
        if (item.step !== undefined) item.until = Math.max(item.until ?? until, until);
    },
    slotOwners: () =>
      [...new Set([...line.items].flatMap(({ state, owner }) => (state === "taken" && owner ? [owner] : [])))].sort(),
    freeSlots: ({ owner, dead }) => freeSlots(memory, owner, dead, time()),
    expire({ expired, timedOut }) {
      const now = time();
      const due = [...runs.values()]
        .filter(({ row }) => !isFinal(row.status))
        .filter(({ row: { beginBy = Infinity, endBy = Infinity, cancel: requested } }) => {
          return beginBy <= now || (endBy <= now && requested === undefined);
        })
        .sort((a, b) => a.number - b.number);
      for (const run of due) {
        if ((run.row.beginBy ?? Infinity) <= now) cancelAtOnce(memory, run, expired, now);
        else cancel(memory, run, timedOut, now);
      }
      return due.map(({ row }) => row.id);
    },
  };
}

function enqueue({ runs, line }: Memory, step: QueuedStep, now: number): QueueAnswer {
  const { run: id, epoch, lease } = step;
  const run = ownedRun(runs, id, epoch);
  if (!run) return undefined;
  const lent = step.lent === true;
  const known = itemOfStep(line, step);
  if (known?.state === "taken") return taken(known);
  if (known && known.lent !== lent) leave(line, [known], now);
  const found = known?.lent === lent ? known : undefined;
  if (found) {
    Object.assign(found, { epoch, rank: Math.min(found.rank, step.rank) });
    fill(line, found.queue, now);
  }
  const who = { run: id, step: step.step, workflow: run.row.workflow, epoch, isStart: true, lent };
  const item = found ?? enter(line, step, who, now);
  if (!isOffered(item, now)) return { state: "waiting" };
  take(line, item, { ...held(lease, now), epoch }, now);
  return taken(item);
}

function taken({ start }: Item): QueueAnswer {
  return { state: "taken", ...(start !== undefined && { start }) };
}

function freeSlots({ runs, line }: Memory, owner: string, dead: boolean, now: number): void {
  const changed = new Set<string>();
  for (const item of slotsOf(line, owner)) {
    if (item.step !== undefined) {
      if (!dead && (item.until ?? now) >= now) continue;
      drop(line, item);
    } else {
      const run = runs.get(item.run);
      if (run?.row.status !== "running" || run.row.owner !== owner) continue;
      const { leaseUntil = now, epoch } = run.row;
      if (!dead && leaseUntil >= now) continue;
      change(run, { epoch: epoch + 1, leaseUntil: Math.min(leaseUntil, now - 1) });
      lineUp(line, item, rankOf(run.row));
    }
    changed.add(item.queue);
  }
  for (const name of changed) fill(line, name, now);
}

const slotsOf = ({ items }: Line, owner: string): Item[] =>
  [...items].filter((item) => item.state === "taken" && item.owner === owner);

function countsOf(items: readonly Item[]): Omit<QueueKeyRow, "key"> {
  const inLine = items.filter(isInLine);
  const counts = { waiting: inLine.length, running: items.filter((item) => !item.lent && !isInLine(item)).length };
  return inLine.length === 0 ? counts : { ...counts, oldest: Math.min(...inLine.map(({ since }) => since)) };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
