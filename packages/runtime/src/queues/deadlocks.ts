import { parseStepId, PerdureError } from "@perdure/protocol";
import type { QueueRow, Store } from "@perdure/store";
import type { Logger } from "../config/logger.ts";
import type { SlotRequest } from "./desk.ts";

interface DeadlocksContext {
  readonly store: Store;
  readonly log: Logger;
  monotonic(): number;
}

/** The steps of this process that stand in line, and those that have a slot of their own. */
export interface SlotsHere {
  readonly waiting: readonly SlotRequest[];
  readonly holding: readonly SlotRequest[];
}

/** A task that has a slot of one queue, and waits for a task that it called, which stands in line of another. */
interface Wait {
  readonly holder: SlotRequest;
  readonly waiter: SlotRequest;
}

/** Milliseconds between two looks. What is found at two in a row is reported. */
const INTERVAL = 1_000;

const queueOf = ({ queue }: SlotRequest): string => queue.definition.name;
const taskOf = ({ step }: SlotRequest): string => {
  const last = parseStepId(step).at(-1);
  return last && "name" in last ? last.name : step;
};

/** Finds tasks of this process that wait for one another's slots, which the store cannot tell from tasks that take their time. */
export class Deadlocks {
  private readonly context: DeadlocksContext;
  private lookedAt = -Infinity;
  /** The queues of the latest look that wait for one another, as one text. */
  private found = "";
  private readonly reported = new Set<string>();

  constructor(context: DeadlocksContext) {
    this.context = context;
  }

  /** Is called at each poll. */
  async look(here: () => SlotsHere): Promise<void> {
    const now = this.context.monotonic();
    if (now - this.lookedAt < INTERVAL) return;
    this.lookedAt = now;
    const before = this.found;
    this.found = "";
    if (waitsOf(here()).length < 2) return;
    const rows = (await this.context.store.queues?.()) ?? [];
    const waits = waitsOf(here());
    const queues = stuck(rows, waits);
    this.found = queues.join("\n");
    if (this.found === "" || this.found !== before || this.reported.has(this.found)) return;
    this.reported.add(this.found);
    this.report(queues, waits);
  }

  private report(queues: readonly string[], waits: readonly Wait[]): void {
    const examples = queues.flatMap((queue) => waits.find(({ holder }) => queueOf(holder) === queue) ?? []);
    const problem = new PerdureError("QUEUE_DEADLOCK", {
      waits: examples.map(({ holder, waiter }) => ({
        run: holder.run,
        task: taskOf(holder),
        queue: queueOf(holder),
        calls: taskOf(waiter),
        needs: queueOf(waiter),
      })),
    });
    this.context.log.warn(problem.message, { code: problem.code, queues });
  }
}

const waitsOf = ({ waiting, holding }: SlotsHere): Wait[] =>
  holding.flatMap((holder) => {
    const waiter = waiting.find(({ run, step }) => run === holder.run && step.startsWith(`${holder.step}//`));
    return waiter ? [{ holder, waiter }] : [];
  });

/** The queues of which each slot is taken by a task here that waits for one of them. */
function stuck(rows: readonly QueueRow[], waits: readonly Wait[]): string[] {
  let full = rows.filter(({ running, concurrency = Infinity }) => running >= concurrency);
  for (;;) {
    const names = new Set(full.map(({ name }) => name));
    const still = full.filter(({ name, running }) => {
      const held = waits.filter(({ holder, waiter }) => queueOf(holder) === name && names.has(queueOf(waiter)));
      return held.length >= running;
    });
    if (still.length === full.length) return still.map(({ name }) => name);
    full = still;
  }
}
