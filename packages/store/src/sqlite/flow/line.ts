import { LATEST_OFFER, OFFER_TIME } from "../../flow.ts";
import type { Connection } from "../driver.ts";
import type { Runs } from "../runs.ts";
import { itemsTable, OFFERED, TAKEN, WAITING, type Item, type NewItem } from "./items.ts";
import { queuesTables, type Queue } from "./queues.ts";

/** The rank of what comes before everything else. */
export const FIRST = Number.MIN_SAFE_INTEGER;

export type Line = ReturnType<typeof lines>;

/** Who stands in line, who has a slot, and who is next (Q1, Q2, Q5). Each function is called in a transaction. */
export function lines(db: Connection, runs: Runs) {
  const items = itemsTable(db);
  const queues = queuesTables(db);

  /** Brings what is known of a key into line with its items. */
  const refresh = (queue: string, key: string, { per_key: perKey }: Queue): void => {
    const first = items.first(queue, key);
    const isFree = perKey === null || items.runningOfKey(queue, key) < perKey;
    if (first || items.hasInLine(queue, key) || items.runningOfKey(queue, key) > 0)
      queues.setKey(queue, key, first, first !== undefined && isFree);
    else queues.dropKey(queue, key);
  };
  const refreshKey = ({ queue, key, lent }: Pick<Item, "queue" | "key" | "lent">): void => {
    if (lent === 0) refresh(queue, key, queues.byName(queue));
  };

  const offer = (item: Item, queue: Queue, now: number): void => {
    items.offer(item.number, now + OFFER_TIME);
    if (item.lent === 1) queues.nextLentTurn(item.queue);
    else {
      queues.nextTurn(item.queue, item.key);
      refresh(item.queue, item.key, queue);
    }
    if (item.step === "") runs.setInLine(item.run, false);
    else runs.wakeById(item.run, now);
  };

  /** Ends the offers that nobody took in time. What else is of those workflows steps aside. */
  const endOffers = (name: string, queue: Queue, now: number): void => {
    const keys = new Set<string>();
    for (const item of items.missed(name, now, now + LATEST_OFFER)) {
      const hasOwner = item.step !== "" && runs.head(item.run)?.owned === true;
      items.line(item.number, hasOwner ? now : item.rank);
      if (item.step === "") runs.setInLine(item.run, true);
      keys.add(item.key);
      for (const key of items.stepAside(name, item.workflow)) keys.add(key);
    }
    for (const key of keys) refresh(name, key, queue);
  };

  /** When the next start may happen: one that is neither recorded nor promised by an offer. */
  const nextStartAt = ({ name, starts, rate_limit, rate_per, rate_slack }: Queue, now: number): number => {
    if (rate_limit === null) return now;
    queues.setBack(name, now, now + (rate_per ?? 0) + (rate_slack ?? 0));
    const promised = items.reserved(name);
    if (promised >= rate_limit) return Infinity;
    const before = queues.startAt(name, starts + promised - rate_limit);
    return before === undefined ? now : before + (rate_per ?? 0) + (rate_slack ?? 0);
  };

  const itemOf = (number: number | undefined): Item | undefined =>
    number === undefined ? undefined : items.get(number);

  /** Whose turn it is: of the keys that may have a slot, if one is free, and of the steps that need none. */
  const nextOf = ({ name }: Queue, isFree: boolean): Item | undefined => {
    const next = isFree ? queues.nextItem(name) : undefined;
    const lent = items.firstLent(name);
    if (!lent || !next) return lent ?? itemOf(next?.first);
    const order = queues.byName(name).lent_turn - next.turn || lent.rank - next.rank || lent.number - next.first;
    return order < 0 ? lent : itemOf(next.first);
  };

  /** Offers every slot that is free and that somebody may have. */
  const fill = (name: string, now: number): void => {
    const queue = queues.byName(name);
    endOffers(name, queue, now);
    let lookAt: number | null = null;
    let running = items.running(name);
    for (;;) {
      const isFree = queue.concurrency === null || running < queue.concurrency;
      let item = nextOf(queue, isFree);
      const startAt = item?.counts === 1 ? nextStartAt(queue, now) : now;
      if (startAt > now) {
        lookAt = Number.isFinite(startAt) ? startAt : null;
        item = isFree ? itemOf(queues.nextContinuing(name)) : undefined;
      }
      if (!item) break;
      offer(item, queue, now);
      running += 1 - item.lent;
    }
    queues.lookAt(name, lookAt);
  };

  const remove = (item: Item): void => {
    items.drop(item.number);
    if (item.step === "" && item.state <= WAITING) runs.setInLine(item.run, false);
    refreshKey(item);
  };

  return {
    items,
    queues,
    fill,
    refreshKey,
    /** Puts it in line, and offers it a slot if one is free for it. */
    enter(entry: NewItem): Item | undefined {
      if (entry.lent === 0) queues.addKey(entry.queue, entry.key);
      else if (!items.hasLent(entry.queue)) queues.lentJoins(entry.queue);
      const item = items.insert(entry);
      refreshKey(entry);
      fill(entry.queue, entry.since);
      return item && items.get(item.number);
    },
    /** Takes an offered slot, or continues with a taken one. Returns the number of the start, in a queue with a rate. */
    take(
      { number, queue: name, counts, state, start: known }: Item,
      to: { owner: string; until: number | null; epoch: number; now: number },
    ): number | undefined {
      const queue = queues.byName(name);
      const isStart = counts === 1 && state === OFFERED && queue.rate_limit !== null;
      const start = isStart ? queues.start(queue, to.now) : null;
      items.take(number, { ...to, start });
      if (isStart) fill(name, to.now); // when the next start may happen is known now
      return start ?? known ?? undefined;
    },
    /** False: another start, or a promised one, relies on this one. */
    correctStart(name: string, start: number, at: number): boolean {
      const { rate_limit: limit, starts } = queues.byName(name);
      if (limit === null) return true;
      if (start >= starts || start + limit < starts + items.reserved(name)) return false;
      queues.moveStart(name, start, at);
      return true;
    },
    /** Whether its slot can be taken now. */
    isOffered: (item: Item | undefined, now: number): boolean =>
      item?.state === OFFERED && (item.until ?? 0) >= now && (item.until ?? 0) <= now + LATEST_OFFER,
    /** The item has no use for a slot any more. */
    leave(item: Item | undefined, now: number): void {
      if (!item) return;
      remove(item);
      fill(item.queue, now);
    },
    /** Gives the slot back, and stands in line again. */
    lineUp(item: Item, rank: number, now: number): void {
      items.line(item.number, rank);
      runs.setInLine(item.run, true);
      refreshKey(item);
      fill(item.queue, now);
    },
    /** The run has ended, or is gone: neither it nor its steps stand in line any more. Steps in flight keep their slots. */
    endRun(run: string, now: number): void {
      const left = items.all(run).filter(({ step, state }) => step === "" || state !== TAKEN);
      left.forEach(remove);
      for (const queue of new Set(left.map((item) => item.queue))) fill(queue, now);
    },
    /** The run comes first of its key. */
    moveUp(run: string, now: number): void {
      const item = items.ofRun(run);
      if (!item || item.state > WAITING) return;
      items.setRank(item.number, FIRST);
      refreshKey(item);
      fill(item.queue, now);
    },
    /** Those that stood aside stand in line again. */
    comeBack(name: string, workflows: readonly string[], now: number): void {
      const queue = queues.byName(name);
      for (const key of items.comeBack(name, workflows)) refresh(name, key, queue);
      fill(name, now);
    },
    refreshAll(name: string): void {
      const queue = queues.byName(name);
      for (const key of queues.keys(name)) refresh(name, key, queue);
    },
  };
}
