import type { FlowStore, Offer, QueueAnswer, QueuedStep, QueueItem, QueueRow } from "../../contract.ts";
import { held, type Timed, type TimedClaim } from "../../timed.ts";
import type { Tables } from "../tables.ts";
import { cancel, endBeforeItBegan } from "../requests.ts";
import { TAKEN, WAITING, type Item } from "./items.ts";
import { FIRST } from "./line.ts";
import type { Queue } from "./queues.ts";

// The transitions of queues. Each function is one, called in a transaction.

/** Gives a run with a queue its slot, or its place in line. False: it may not be claimed now. */
export function admit({ runs, line }: Tables, queue: string, claim: TimedClaim): Item | undefined {
  const { run, now } = claim;
  if (!runs.isClaimable(claim)) return undefined;
  let item = line.items.ofRun(run);
  if (item && (item.state === TAKEN || line.isOffered(item, now))) return item;
  if (item) {
    line.fill(queue, now);
    item = line.items.get(item.number);
    return line.isOffered(item, now) ? item : undefined;
  }
  const row = runs.get(run);
  if (!row?.queue) return undefined;
  const { epoch, workflow, cancel: cancelled } = row;
  const rank = cancelled === undefined ? row.queue.rank : FIRST;
  runs.queueUp(run);
  const counts = epoch === 0 ? 1 : 0;
  item = line.enter({ ...row.queue, rank, run, step: "", epoch, since: now, counts, lent: 0, workflow });
  return line.isOffered(item, now) ? item : undefined;
}

export function enqueue({ runs, line }: Tables, entry: QueuedStep, now: number): QueueAnswer {
  const { run, epoch, step, queue, key, rank, lease } = entry;
  const lent = entry.lent ? 1 : 0;
  const head = runs.head(run);
  if (!head?.owned || head.epoch !== epoch) return undefined;
  const taken = line.items.taken(run, step, epoch);
  if (taken) return answer(taken.start ?? undefined);
  let item = line.items.inLine(run, step);
  if (item && item.lent !== lent) {
    line.leave(item, now);
    item = undefined;
  }
  if (item) {
    line.items.rejoin(item.number, epoch, rank);
    line.refreshKey(item);
    line.fill(item.queue, now);
    item = line.items.get(item.number);
  } else {
    const { workflow } = runs.get(run) ?? { workflow: "" };
    item = line.enter({ queue, key, run, step, epoch, rank, since: now, counts: 1, lent, workflow });
  }
  if (!item || !line.isOffered(item, now)) return { state: "waiting" };
  return answer(line.take(item, { ...held(lease, now), epoch, now }));
}

const answer = (start: number | undefined): QueueAnswer =>
  start === undefined ? { state: "taken" } : { state: "taken", start };

export function offers(
  tables: Tables,
  { now, workflows }: Timed<Parameters<FlowStore["offers"]>[0]>,
  look: readonly string[],
): void {
  for (const queue of look) tables.line.comeBack(queue, workflows, now);
}

export const offersOf = ({ line }: Tables, now: number): Offer[] =>
  line.items
    .offered()
    .filter((item) => line.isOffered(item, now))
    .map(({ queue, run, step }) => ({ queue, run, ...(step !== "" && { step }) }));

export function freeSlots(
  { runs, line, sequences }: Tables,
  { owner, dead, now }: Timed<Parameters<FlowStore["freeSlots"]>[0]>,
): void {
  for (const item of line.items.ownedSteps(owner, dead, now)) line.leave(item, now);
  for (const item of line.items.ownedRuns(owner)) {
    const run = runs.get(item.run);
    if (run?.status !== "running" || run.owner !== owner || (!dead && (run.leaseUntil ?? 0) >= now)) continue;
    runs.fence(item.run, now);
    sequences.forget(item.run);
    line.lineUp(item, run.cancel === undefined ? (run.queue?.rank ?? 0) : FIRST, now);
  }
}

export function expire(
  tables: Tables,
  { now, expired, timedOut }: Timed<Parameters<FlowStore["expire"]>[0]>,
): string[] {
  const late = tables.conditions.late(now);
  for (const { id, tooLate } of late) {
    const head = tables.runs.head(id);
    if (tooLate && head) tables.runs.requestCancel(head.number, expired, now);
    if (tooLate && head) endBeforeItBegan(tables, id, head, expired, now);
    else cancel(tables, { run: id, reason: timedOut, now });
  }
  return late.map(({ id }) => id);
}

export const queueRows = ({ line }: Tables): QueueRow[] =>
  line.queues.all().flatMap((queue) => {
    const { waiting, oldest } = line.items.waiting(queue.name);
    const running = line.items.running(queue.name);
    if (queue.defined === 0 && waiting === 0 && running === 0) return [];
    return [{ ...definitionOf(queue), waiting, running, ...(oldest !== null && { oldest }) }];
  });

export const itemsOf = ({ line }: Tables, run: string): QueueItem[] =>
  line.items.all(run).map(({ queue, key, step, state, since }) => ({
    queue,
    key,
    ...(step !== "" && { step }),
    inLine: state <= WAITING,
    since,
  }));

function definitionOf({ name, concurrency, per_key: perKey, rate_limit: limit, rate_per, rate_slack }: Queue) {
  return {
    name,
    ...(concurrency !== null && { concurrency }),
    ...(perKey !== null && { perKey }),
    ...(limit !== null && { rate: { limit, per: rate_per ?? 0, slack: rate_slack ?? 0 } }),
  };
}
