import type { QueueDefinition, QueuePlace } from "../contract.ts";
import type { HeldLease } from "../timed.ts";
import { LATEST_OFFER, OFFER_TIME } from "../flow.ts";
import { change, wake, type Run } from "./run.ts";

/** A run or a step that stands in line, is offered a slot, or has one. */
export interface Item {
  /** Its place in the order in which items came. */
  readonly number: number;
  readonly queue: string;
  readonly key: string;
  readonly run: string;
  /** Undefined: the run itself. */
  readonly step: string | undefined;
  readonly workflow: string;
  /** It uses a slot that another has. */
  readonly lent: boolean;
  /** When it came. */
  readonly since: number;
  epoch: number;
  rank: number;
  state: "aside" | "waiting" | "offered" | "taken";
  /** Taking its slot is a start, for the rate of the queue. */
  isStart: boolean;
  start?: number;
  owner?: string | undefined;
  /** End of the offer, or of the lease of a step's slot. */
  until?: number | undefined;
}

interface Queue {
  definition?: QueueDefinition;
  /** In the order in which they came. */
  readonly items: Set<Item>;
  /** The present turn of its keys, and the turns of the keys that have items. */
  turn: number;
  readonly turns: Map<string, number>;
  /** The turn of the steps that are lent slots. */
  lentTurn: number;
  /** How many starts were recorded, and when the late ones were. */
  started: number;
  readonly starts: Map<number, number>;
}

/** All queues of a store. */
export interface Line {
  readonly runs: Map<string, Run>;
  readonly queues: Map<string, Queue>;
  /** In the order in which they came. */
  readonly items: Set<Item>;
  entered: number;
}

/** The rank of what comes before all others of its key. */
export const FIRST = Number.MIN_SAFE_INTEGER;

export const newLine = (runs: Map<string, Run>): Line => ({ runs, queues: new Map(), items: new Set(), entered: 0 });

export function queueOf(line: Line, name: string): Queue {
  const found = line.queues.get(name);
  if (found) return found;
  const made: Queue = { items: new Set(), turn: 0, turns: new Map(), lentTurn: 0, started: 0, starts: new Map() };
  line.queues.set(name, made);
  return made;
}

export const isInLine = ({ state }: Item): boolean => state === "waiting" || state === "aside";

/** Whether its slot can be taken now. */
export const isOffered = ({ state, until = -Infinity }: Item, now: number): boolean =>
  state === "offered" && until >= now && until <= now + LATEST_OFFER;

export function itemOfRun({ items }: Line, run: string): Item | undefined {
  return [...items].find((item) => item.run === run && item.step === undefined);
}

/** The slot of the step, or its place in line: a slot belongs to one epoch, a place to the run. */
export function itemOfStep({ items }: Line, { run, step, epoch }: Pick<Item, "run" | "step" | "epoch">) {
  const found = [...items].filter((item) => item.run === run && item.step === step);
  return found.find((item) => item.state === "taken" && item.epoch === epoch) ?? found.find(isUntaken);
}

/** The steps of the run that have no slot yet. */
export function untakenSteps({ items }: Line, run: string): Item[] {
  return [...items].filter((item) => item.run === run && item.step !== undefined && isUntaken(item));
}

const isUntaken = ({ state }: Item): boolean => state !== "taken";

/** Puts a run or step in line, and offers it a slot if one is free for it. */
export function enter(
  line: Line,
  { queue: name, key, rank }: QueuePlace,
  who: Pick<Item, "run" | "step" | "workflow" | "epoch" | "isStart" | "lent">,
  now: number,
): Item {
  const queue = queueOf(line, name);
  if (who.lent && ![...queue.items].some(({ lent }) => lent)) queue.lentTurn = queue.turn;
  if (!who.lent && !queue.turns.has(key)) queue.turns.set(key, queue.turn);
  const item: Item = { ...who, number: line.entered++, queue: name, key, rank, since: now, state: "waiting" };
  line.items.add(item);
  queue.items.add(item);
  move(line, item, "waiting");
  fill(line, name, now);
  return item;
}

/** Takes an offered slot, or continues with a taken one. */
export function take(
  line: Line,
  item: Item,
  { owner, until, epoch }: HeldLease & { epoch: number },
  now: number,
): void {
  const queue = queueOf(line, item.queue);
  const rate = queue.definition?.rate;
  if (rate && item.isStart) {
    item.start = queue.started++;
    queue.starts.set(item.start, now);
    for (const [number, at] of queue.starts) if (at + rate.per + rate.slack <= now) queue.starts.delete(number);
  }
  const isRated = rate !== undefined && item.isStart;
  Object.assign(item, { owner, until, epoch, isStart: false });
  move(line, item, "taken");
  if (isRated) fill(line, item.queue, now);
}

/** These need no slot any more. */
export function leave(line: Line, items: readonly Item[], now: number): void {
  for (const item of items) drop(line, item);
  for (const name of new Set(items.map(({ queue }) => queue))) fill(line, name, now);
}

export function drop(line: Line, item: Item): void {
  const { items, turns } = queueOf(line, item.queue);
  line.items.delete(item);
  items.delete(item);
  if (item.step === undefined) setInLine(line, item.run, false);
  if (![...items].some(({ key, lent }) => !lent && key === item.key)) turns.delete(item.key);
}

/** Gives its slot back, and stands in line again. */
export function lineUp(line: Line, item: Item, rank: number): void {
  Object.assign(item, { rank, owner: undefined });
  move(line, item, "waiting");
}

/** The run has ended, or is gone. Its steps in flight keep their slots (Q4). */
export function leaveAll(line: Line, run: string, now: number): void {
  const left = [...line.items].filter(
    (item) => item.run === run && (item.step === undefined || item.state !== "taken"),
  );
  leave(line, left, now);
}

/** Offers every slot that is free and that somebody may have (Q2). */
export function fill(line: Line, name: string, now: number): void {
  endOffers(line, name, now);
  const queue = queueOf(line, name);
  const { definition: { concurrency = Infinity, perKey = Infinity } = {}, items, turns } = queue;
  const running = [...items].filter(({ state, lent }) => !lent && (state === "offered" || state === "taken"));
  const mayHave = ({ state, lent }: Item): boolean => state === "waiting" && (lent || running.length < concurrency);
  const lines = byKey([...items].filter(mayHave).sort(byRank));
  const hasRoom = ({ key, lent }: Item): boolean =>
    lent ||
    (running.length < concurrency &&
      (perKey === Infinity || running.filter((item) => item.key === key).length < perKey));
  const turn = ({ key, lent }: Item): number => (lent ? queue.lentTurn : (turns.get(key) ?? 0));
  for (;;) {
    const first = [...lines.values()].flatMap((items) => items.slice(0, 1)).filter(hasRoom);
    first.sort((a, b) => turn(a) - turn(b) || byRank(a, b));
    // what continues need not wait for the rate
    const item = first[0]?.isStart && !mayStart(line, name, now) ? first.find(({ isStart }) => !isStart) : first[0];
    if (!item) return;
    offer(line, item, now);
    if (!item.lent) running.push(item);
    lines.get(laneOf(item))?.shift();
  }
}

const byRank = (a: Item, b: Item): number => a.rank - b.rank || a.number - b.number;

/** What takes a turn: a key, or the steps that are lent slots. */
const laneOf = ({ key, lent }: Item): string | undefined => (lent ? undefined : key);

function byKey(items: readonly Item[]): Map<string | undefined, Item[]> {
  const found = new Map<string | undefined, Item[]>();
  for (const item of items) found.set(laneOf(item), [...(found.get(laneOf(item)) ?? []), item]);
  return found;
}

/** Ends the offers that nobody took in time. What else waits of those workflows steps aside (Q5). */
function endOffers(line: Line, name: string, now: number): void {
  const { items } = queueOf(line, name);
  const missed = [...items].filter((item) => item.state === "offered" && !isOffered(item, now));
  if (missed.length === 0) return;
  for (const item of missed) {
    const hasOwner = item.step !== undefined && line.runs.get(item.run)?.row.owner !== undefined;
    lineUp(line, item, hasOwner ? now : item.rank);
  }
  for (const item of items)
    if (item.state === "waiting" && missed.some(({ workflow }) => workflow === item.workflow)) item.state = "aside";
}

/** Whether the rate allows one more start: next to those that happened, and those that offers have promised. */
function mayStart(line: Line, name: string, now: number): boolean {
  const { definition, started, starts } = queueOf(line, name);
  if (!definition?.rate) return true;
  const { limit, per, slack } = definition.rate;
  for (const [number, at] of starts) if (at > now + per + slack) starts.set(number, now);
  const coming = promised(line, name);
  if (coming >= limit) return false;
  const before = starts.get(started + coming - limit);
  return before === undefined || before + per + slack <= now;
}

/** How many offers will be starts. */
export const promised = (line: Line, name: string): number =>
  [...queueOf(line, name).items].filter(({ state, isStart }) => state === "offered" && isStart).length;

function offer(line: Line, item: Item, now: number): void {
  const queue = queueOf(line, item.queue);
  const turn = item.lent ? queue.lentTurn : (queue.turns.get(item.key) ?? queue.turn);
  queue.turn = Math.max(queue.turn, turn);
  if (item.lent) queue.lentTurn = turn + 1;
  else queue.turns.set(item.key, turn + 1);
  item.until = now + OFFER_TIME;
  move(line, item, "offered");
  const run = line.runs.get(item.run);
  if (run && item.step !== undefined) wake(run, now);
}

function move(line: Line, item: Item, state: Item["state"]): void {
  item.state = state;
  if (item.step === undefined) setInLine(line, item.run, isInLine(item));
}

function setInLine({ runs }: Line, id: string, inLine: boolean): void {
  const run = runs.get(id);
  if (run && (run.row.inLine === true) !== inLine) change(run, { inLine: inLine ? true : undefined });
}
