import { evaluate } from "./load.ts";
import {
  outcomeOf,
  payloadOf,
  pure,
  show,
  signalLabel,
  signalName,
  type Attempt,
  type Durations,
  type TaskKind,
  type World,
} from "./world.ts";

/** A recorded completion of a durable call, in the order of the run. */
export interface Completion {
  readonly label: string;
  /** What was recorded, as text. */
  readonly shown: string;
  /** The error of a wait that nobody answered in time: the one outcome that does not follow from the label. */
  readonly timeout?: Error;
}

export interface Undisturbed {
  /** `completed …` or `failed …`; undefined while the workflow waits. */
  readonly outcome: string | undefined;
  readonly calls: ReadonlySet<string>;
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
  source: string,
  durations: Durations,
  order: readonly Completion[],
): Promise<Undisturbed> {
  const plain = new PlainRun(source, durations);
  await turn();
  for (const completion of order) {
    if (plain.outcome === undefined) plain.settle(completion);
    else plain.expectPending(completion);
    await turn();
  }
  return plain;
}

class PlainRun implements Undisturbed {
  readonly calls = new Set<string>();
  outcome: string | undefined;
  private readonly pending = new Map<string, Pending>();
  private readonly durations: Durations;

  constructor(source: string, durations: Durations) {
    this.durations = durations;
    const workflow = evaluate(source, { perdure: this.perdure(), world: this.world() });
    workflow("w").then(
      (value) => (this.outcome = `completed ${show(value)}`),
      (error: unknown) => (this.outcome = `failed ${show(error)}`),
    );
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

  private world(): World {
    return {
      ...pure,
      begin: () => ({ log: [] }),
      at: (label) => this.called(label),
      dur: (label) => this.durations.of(this.called(label)),
      sig: (label) => signalName(this.called(label)),
      work: (kind: TaskKind, label, more, captured) => this.wait(label, outcomeOf(kind, label, [...more, captured])),
    };
  }

  private called(label: string): string {
    this.calls.add(label);
    return label;
  }

  private perdure(): object {
    return {
      keyed: <R>(_key: string, call: () => R): R => call(),
      sleep: (duration: number) => this.wait(this.durations.labelOf(duration), { value: undefined }),
      signal: (name: string) => this.wait(signalLabel(name), { value: payloadOf(signalLabel(name)) }),
    };
  }
}
