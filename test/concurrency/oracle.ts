import { evaluate, plainRuntime, type Scripts } from "../random-programs/load.ts";
import { Labels, show, World } from "../random-programs/world.ts";
import { outcomeOf, payloadOf, signalLabel, signalName, type Attempt, type Durations } from "./world.ts";

/** A recorded completion of a durable call, in the order of the run. */
export interface Completion {
  /** Of the step. */
  readonly id: string;
  readonly label: string;
  /** What was recorded. Of a cancellation: the reason. */
  readonly outcome: Attempt;
  /** The same as text. */
  readonly shown: string;
  readonly isCancellation: boolean;
  /** The error of a wait that nobody answered in time: the one outcome that does not follow from the label. */
  readonly timeout?: Error;
}

/** What a workflow does when its completions come in a certain order. */
export interface Course {
  /** `completed …`, `failed …` or `cancelled …`; undefined while the workflow waits. */
  readonly outcome: string | undefined;
  readonly calls: ReadonlySet<string>;
  /** Those of them that were not refused. */
  readonly accepted: ReadonlySet<string>;
  readonly log: readonly string[];
}

interface Pending {
  /** What it comes to, by the arguments at the time of the call, unless it is a wait that ends without an answer. */
  readonly outcome: Attempt;
  readonly settle: (outcome: Attempt) => void;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Runs the source as it was written, as plain JavaScript: every durable call is a promise that stays open until its turn in `order` comes, one at a
 * time, with a drained microtask queue between two.
 * @throws Error when the next completion in `order` is one that the program does not wait for, or not with this outcome
 */
export async function undisturbed(
  scripts: Scripts,
  durations: Durations,
  order: readonly Completion[],
): Promise<Course> {
  const plain = new PlainRun(scripts, durations);
  await turn();
  for (const completion of order) {
    if (plain.outcome === undefined) plain.settle(completion);
    else plain.expectPending(completion);
    await turn();
  }
  return plain;
}

class PlainRun implements Course {
  outcome: string | undefined;
  private readonly labels = new Labels();
  private readonly pending = new Map<string, Pending>();
  private readonly durations: Durations;
  private readonly world = new World({
    at: (label) => this.labels.take(label),
    dur: (label) => this.durations.of(this.labels.take(label)),
    sig: (label) => signalName(this.labels.take(label)),
    work: (kind, label, more, captured) => this.wait(label, outcomeOf(kind, label, [...more, captured])),
  });

  constructor(scripts: Scripts, durations: Durations) {
    this.durations = durations;
    const { flow } = evaluate(scripts, this.world, { perdure: this.perdure(), "perdure/internal": {} });
    flow("w").then(
      (value) => (this.outcome = `completed ${show(value)}`),
      (error: unknown) => (this.outcome = `failed ${show(error)}`),
    );
  }

  get calls(): ReadonlySet<string> {
    return this.labels.all;
  }

  get accepted(): ReadonlySet<string> {
    return this.labels.all;
  }

  get log(): readonly string[] {
    return this.world.logged ?? [];
  }

  expectPending({ label }: Completion): Pending {
    const pending = this.pending.get(label);
    if (!pending)
      throw new Error(
        `recorded is ${label}, but the plain program does not wait for it; it waits for\n  ${[...this.pending.keys()].join("\n  ")}`,
      );
    return pending;
  }

  settle(completion: Completion): void {
    const pending = this.expectPending(completion);
    const outcome = completion.timeout ? { error: completion.timeout } : pending.outcome;
    const shown = show("error" in outcome ? outcome.error : outcome.value);
    if (shown !== completion.shown)
      throw new Error(`${completion.label} is recorded as ${completion.shown}, but comes to ${shown}`);
    this.pending.delete(completion.label);
    pending.settle(outcome);
  }

  private wait(label: string, outcome: Attempt): Promise<unknown> {
    if (this.pending.has(label)) throw new Error(`the label ${label} is not unique`);
    return new Promise((resolve, reject) => {
      this.pending.set(label, {
        outcome,
        settle: (settled) => ("error" in settled ? reject(settled.error) : resolve(settled.value)),
      });
    });
  }

  private perdure(): object {
    return {
      ...plainRuntime,
      sleep: (duration: number) => this.wait(this.durations.labelOf(duration), { value: undefined }),
      signal: (name: string) => this.wait(signalLabel(name), { value: payloadOf(signalLabel(name)) }),
    };
  }
}
