import { CancelledError } from "perdure";
import { CLEAN_UP, SHIELD } from "../random-programs/context.ts";
import { evaluate, runtimes, type Scripts } from "../random-programs/load.ts";
import {
  bodyOf,
  context,
  keepRejections,
  Scope,
  workflowOf,
  type RunInMemory,
  type StepSpec,
} from "../random-programs/runtime.ts";
import { Labels, show, World } from "../random-programs/world.ts";
import type { Completion, Course } from "./oracle.ts";
import { signalLabel, signalName, type Attempt, type Durations } from "./world.ts";

type Shelter = Scope["shelter"];

/** What protects a call from a cancellation, as its label tells. */
const shelterOf = (label: string): Shelter =>
  label.includes(SHIELD) ? "shield" : label.includes(CLEAN_UP) ? "clean-up" : "none";

interface Pending {
  readonly label: string;
  readonly isWait: boolean;
  readonly settle: (outcome: Attempt) => void;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * What a compiled workflow does when its completions come in this order, with a drained microtask queue between two. All branches of a workflow see
 * its cancellation in one turn, so that the number of microtasks between two of its calls matters, which compilation may change: this is why the
 * source as it was written, as plain JavaScript, is no oracle from there on.
 * @throws Error when the next completion in `order` is one that the workflow does not wait for
 */
export async function modelled(
  scripts: Scripts,
  durations: Durations,
  order: readonly Completion[],
): Promise<ModelRun> {
  const endKeeping = keepRejections();
  const run = new ModelRun(scripts, durations);
  try {
    await turn();
    for (const [index, completion] of order.entries()) {
      run.deliver(completion, order.slice(index + 1));
      await turn();
    }
  } finally {
    endKeeping();
  }
  if (run.problems.length > 0) throw new Error(run.problems.join("\n"));
  return run;
}

/** The rules of a run in a few lines: calls, completions, and a cancellation that is sticky (R11). */
export class ModelRun implements Course {
  outcome: string | undefined;
  readonly problems: string[] = [];
  /** Labels of the durable calls that were not refused. */
  readonly accepted = new Set<string>();
  private delivered = 0;
  private cancelled: CancelledError | undefined;
  private readonly durations: Durations;
  private readonly labels = new Labels();
  private readonly pending = new Map<string, Pending>();
  private readonly variants = new Map<string, number>();
  private readonly world = new World({
    at: (label) => this.labels.take(label),
    dur: (label) => this.durations.of(this.labels.take(label)),
    sig: (label) => signalName(this.labels.take(label)),
  });

  constructor(scripts: Scripts, durations: Durations) {
    this.durations = durations;
    const { flow } = evaluate(scripts, this.world, runtimes.perdure);
    const definition = workflowOf(flow as never);
    const body = bodyOf(definition);
    const run = async (): Promise<unknown> => body("w");
    context.run(Scope.root(this.execution(), definition), run).then(
      (value) => (this.outcome = `completed ${show(value)}`),
      (error: unknown) => (this.outcome = `${this.statusOf(error)} ${show(error)}`),
    );
  }

  get calls(): ReadonlySet<string> {
    return this.labels.all;
  }

  get log(): readonly string[] {
    return this.world.logged ?? [];
  }

  private statusOf(error: unknown): string {
    return this.cancelled && error instanceof CancelledError ? "cancelled" : "failed";
  }

  /** @param later - the completions after it */
  deliver(completion: Completion, later: readonly Completion[]): void {
    if (completion.isCancellation) {
      // a body that has ended has nothing to cancel
      if (this.outcome === undefined) this.cancel(completion.outcome, new Set(later.map(({ id }) => id)));
      return;
    }
    const pending = this.pending.get(completion.id);
    if (!pending) throw new Error(`recorded is ${completion.id}, but nothing waits for it: ${completion.label}`);
    if (this.outcome !== undefined) return;
    this.delivered++;
    this.pending.delete(completion.id);
    pending.settle(completion.outcome);
  }

  /** Every open wait outside of a shield ends, in the order of their calls, but one whose outcome is recorded: that has its own turn. */
  private cancel(reason: Attempt, recorded: ReadonlySet<string>): void {
    this.delivered++;
    this.cancelled = new CancelledError("value" in reason ? reason.value : undefined);
    for (const [id, { label, isWait, settle }] of this.pending) {
      if (!isWait || shelterOf(label) === "shield" || recorded.has(id)) continue;
      this.pending.delete(id);
      settle({ error: this.cancelled });
    }
  }

  private call(scope: Scope, spec: StepSpec): Promise<unknown> {
    const id = scope.nextId(spec.name, spec.what);
    const label = this.labelOf(spec);
    const shelter = shelterOf(label);
    if (scope.shelter !== shelter)
      this.problems.push(
        `the call ${label} is made in the shelter "${scope.shelter}", but its place in the program is in "${shelter}"`,
      );
    if (this.cancelled && shelter === "none") return Promise.reject(this.cancelled);
    this.accepted.add(label);
    const isWait = spec.kind !== "task";
    return new Promise((resolve, reject) => {
      const settle = (outcome: Attempt): void => ("error" in outcome ? reject(outcome.error) : resolve(outcome.value));
      this.pending.set(id, { label, isWait, settle });
    });
  }

  private labelOf({ kind, input }: StepSpec): string {
    if (kind === "sleep") return this.durations.labelOf(Number(input));
    return kind === "signal" ? signalLabel(String(input)) : String((input as unknown[])[0]);
  }

  /** As much of an execution as scopes and compiled code need. */
  private execution(): RunInMemory {
    const count = (path: string, name: string): number => {
      const key = `${path}/${name}`;
      const variant = this.variants.get(key) ?? 0;
      this.variants.set(key, variant + 1);
      return variant;
    };
    const delivered = (): number => this.delivered;
    const execution = {
      host: { settings: { defaults: {} } },
      get delivered() {
        return delivered();
      },
      nextVariant: count,
      call: (scope: Scope, spec: StepSpec) => this.call(scope, spec),
      rejected() {},
      handled() {},
    };
    return execution as unknown as RunInMemory;
  }
}
