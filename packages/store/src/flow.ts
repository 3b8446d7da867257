import type { Awaitable, Encoded, Lease } from "./terms.ts";

/** Limits of a queue. Each is optional; a queue without any is only a name that workers choose by. */
export interface QueueLimits {
  /** At most so many slots are taken at the same time. */
  readonly concurrency?: number;
  /** At most so many slots of one key are taken at the same time. */
  readonly perKey?: number;
  readonly rate?: QueueRate;
}

/** At most `limit` starts in any period of `per` milliseconds. The window slides: it may begin at any time. */
export interface QueueRate {
  readonly limit: number;
  readonly per: number;
  /** Milliseconds between the recorded and the real time of a start. The store keeps `per + slack` between starts. */
  readonly slack: number;
}

export interface QueueDefinition extends QueueLimits {
  readonly name: string;
}

/** Where a run or a step stands in line. */
export interface QueuePlace {
  readonly queue: string;
  /** Keys take turns. Empty: it has none. */
  readonly key: string;
  /** The lowest comes first among those of one key: when it came (milliseconds since 1970), less what its priority is worth. */
  readonly rank: number;
}

/** The place of a run. */
export interface RunPlace extends QueuePlace {
  /** The run keeps its slot while it sleeps or waits for a signal. */
  readonly hold?: true;
}

/** A step that needs a slot for an attempt. */
export interface QueuedStep extends QueuePlace {
  readonly run: string;
  readonly epoch: number;
  readonly step: string;
  /** It uses a slot that its caller has, and needs none of its own: it only waits for the rate. */
  readonly lent?: true;
  /** Owner and end of the slot, if it gets one. */
  readonly lease: Lease;
}

/** `taken`: it has a slot. `start` numbers the starts of a queue with a rate. Undefined: the run is not held under this epoch. */
export type QueueAnswer =
  { readonly state: "taken"; readonly start?: number } | { readonly state: "waiting" } | undefined;

/** A slot that is kept for a short time for a run or step that has not taken it yet. */
export interface Offer {
  readonly queue: string;
  readonly run: string;
  /** Undefined: the run itself. */
  readonly step?: string;
}

/** The state of a queue. */
export interface QueueRow extends QueueDefinition {
  /** Runs and steps that stand in line. */
  readonly waiting: number;
  /** Slots that are taken, or kept for somebody. Steps that are lent one do not count. */
  readonly running: number;
  /** When the one that has stood in line for longest came. */
  readonly oldest?: number;
}

/** The state of one key of a queue. */
export interface QueueKeyRow {
  readonly key: string;
  readonly waiting: number;
  readonly running: number;
  readonly oldest?: number;
}

/** A place in a queue that a run, or a step of it, has. */
export interface QueueItem {
  readonly queue: string;
  readonly key: string;
  /** Undefined: the run itself. */
  readonly step?: string;
  /** It stands in line. False: its slot is taken, or kept for it. */
  readonly inLine: boolean;
  /** When it came. */
  readonly since: number;
}

/**
 * How a start joins others of the same workflow and key: while a run has not begun and still gathers, a further start with this key changes that run and
 * creates none.
 */
export type Gather =
  | {
      /** The last input wins, and the last place in a queue. The run is due `wait` milliseconds after the last start, and `max` after the first one at the latest. */
      readonly type: "debounce";
      readonly key: string;
      readonly wait: number;
      readonly max?: number;
    }
  | {
      /** The inputs are collected. The run is due `wait` milliseconds after the first start, and at once when it has `size` inputs. */
      readonly type: "batch";
      readonly key: string;
      readonly wait: number;
      readonly size: number;
    };

/** Further starts join the run. */
export interface Gathers {
  readonly key: string;
  /** When a debounced run is due at the latest. */
  readonly until?: number;
}

/** At most `limit` runs of the workflow and key are created in any period of `per` milliseconds. */
export interface Throttle {
  readonly key: string;
  readonly limit: number;
  readonly per: number;
}

/** What a new run may wait for before it begins, and what ends it. */
export interface StartConditions {
  readonly queue?: RunPlace;
  /** The run waits until then, though it has a lease. */
  readonly dueAt?: number;
  /** A run that has not begun by then is cancelled. */
  readonly beginBy?: number;
  /** A run that has not ended by then is cancelled. */
  readonly endBy?: number;
  readonly gather?: Gather;
  readonly throttle?: Throttle;
}

/** Milliseconds for which an offered slot is kept. */
export const OFFER_TIME = 5_000;

/** An offer that ends so much later than now was made before the clock was set back. It does not hold. */
export const LATEST_OFFER = 2 * OFFER_TIME;

/**
 * Queues, and the conditions under which runs begin. A store has all of these methods or none.
 *
 * A run or step stands *in line* until it is *offered* a slot. It has to take the slot within `OFFER_TIME`: a run by its claim, a step by another call of
 * `enqueue`. Then the slot is *taken* until it is given back.
 *
 * Q1 Limits: the slots of a queue that are offered and taken never exceed `concurrency`, those of a key never exceed `perKey`, and of any `limit + 1` starts
 *    the last is at least `per + slack` later than the first. A start is the moment in which a step's slot is taken, or a run's for the first time. Without a definition
 *    a queue has no limits. A definition that lowers a limit takes no slot away. What is taken for a step that is `lent` a slot is a start, and no slot.
 * Q2 Order: whenever a slot is free and somebody in line may have it (what continues need not wait for the rate), it is offered in the same transition that made it free; if time made it free, by the
 *    next call of `offers`. Keys take turns: the next is the key whose turn is furthest back, where a key that joins the line joins the
 *    present turn; of keys with the same turn, the one whose first in line has the lowest rank; of one key, the lowest rank; of equal ranks, who came first. The steps that
 *    are lent slots are one key for the turns, which `concurrency` and `perKey` do not hold back. A run in line that is requested to cancel comes before all others of its key.
 * Q3 A run with a queue is running only with a slot. `createRun` with a lease, and `claim`, take one that is free for it or offered to it, or continue
 *    with the one that the run has; otherwise the run is pending, in line and not blocked (`createRun` returns it so, `claim` returns undefined). `unfinished` leaves out runs that
 *    are in line. Without a lease, a new run is in line from the beginning, unless it has a `dueAt`. `finish` gives the slot back. So does `release`; with
 *    `hold`, one to waiting does not, unless the run has an open child step. A release to pending that is not blocked puts the run in line again with its old rank.
 *    A blocked run and its steps leave the line.
 * Q4 A step's slot belongs to the owner that took it, not to the run: it is taken until `leave`, a `step` write with `leaves`, or `freeSlots`, whatever becomes
 *    of the run. A step in line leaves it with the end of its run. A run that is released while a step of it is in line can be woken (S11), and is due when that is offered a slot.
 * Q5 An offer that is not taken in time ends. Those in line whose runs have the same workflow step aside, until `offers` is called for that workflow: a
 *    workflow that no process has loaded delays the others once. A step of a run that has an owner comes last of its key then: that
 *    owner may stand still for long. Others keep their ranks.
 * Q6 Gathering: of the runs of one workflow and gathering key, at most one gathers. Its first claim, its end, and its `size` end that. A start that has joined a run
 *    joins no other: the same call with the same id returns that run again, for `JOINED_LIFETIME`.
 */
export interface FlowStore {
  /** Records the limits. Replaces those of an earlier definition. */
  defineQueue(definition: QueueDefinition): Awaitable<void>;
  /** All queues that are defined or used, by name. */
  queues(): Awaitable<QueueRow[]>;
  /** Keys that are in line or have slots, those with the most in line first. */
  queueKeys(queue: string, limit: number): Awaitable<QueueKeyRow[]>;
  /** The places that the run and its steps have, in the order in which they came. */
  queueItems(run: string): Awaitable<QueueItem[]>;
  /** Takes a slot for each step, or puts it in line: one transition for all. The same call again gives the same answer, unless something became free. */
  enqueue(steps: readonly QueuedStep[]): Awaitable<QueueAnswer[]>;
  /** The step needs no more the slot that it has under this epoch, or its place in line under this epoch or an earlier one. */
  leave(step: { readonly run: string; readonly epoch: number; readonly step: string }): Awaitable<void>;
  /**
   * Records that a start of a queue with a rate happens later than it was recorded. False: nothing has changed, and it must not happen, since another start, or an offer
   * of one, was allowed `limit` places later.
   */
  correctStart(start: { readonly queue: string; readonly start: number; readonly at: number }): Awaitable<boolean>;
  /**
   * Offers what time has made free, and what stood aside for these workflows (the recorded names). Returns the offers that hold: one indexed query if nothing has to be
   * done, however many are in line.
   */
  offers(query: { readonly workflows: readonly string[] }): Awaitable<Offer[]>;
  /** Extends the slots of steps that this owner has taken. */
  renewSlots(renewal: Lease): Awaitable<void>;
  /** The owners that have taken slots. */
  slotOwners(): Awaitable<string[]>;
  /**
   * Frees the slots that the owner has taken: all if it is `dead`, else those whose lease has ended; that of a run is the lease of the run. Such a run is
   * fenced: its epoch rises, its lease is over, and it is in line again with its old rank.
   */
  freeSlots(owner: { readonly owner: string; readonly dead: boolean }): Awaitable<void>;
  /**
   * Cancels the runs that did not begin by their `beginBy`: they end with `expired` as their output, if they have had no owner. Requests to cancel
   * the others, as `cancel` does with the reason `timedOut`: those that did not end by their `endBy`. Returns their ids.
   */
  expire(limits: { readonly expired: Encoded; readonly timedOut: Encoded }): Awaitable<string[]>;
}

/** Milliseconds for which it is known which starts have joined a run: a caller that got no answer asks again within that time. */
export const JOINED_LIFETIME = 3_600_000;

/** The text of a batch's input: a JSON array of the collected inputs. */
export const batchInput = (inputs: readonly Encoded[]): Encoded => JSON.stringify(inputs);
