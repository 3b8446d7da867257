import { PerdureError, stepName } from "@perdure/protocol";
import type { RunRow, StepRow } from "@perdure/store";
import type { ChangedCode } from "./changed-code.ts";
import type { Ask } from "../execution/execution.ts";
import type { History } from "./history.ts";
import { isMentioned } from "../definitions/registry.ts";

/** What a run has recorded and its workflow does not come to. */
export class LostSteps {
  private readonly run: RunRow;
  private readonly history: History;
  private readonly changed: ChangedCode;
  private readonly asked: ReadonlyMap<string, Ask>;

  constructor(run: RunRow, history: History, changed: ChangedCode, asked: ReadonlyMap<string, Ask>) {
    this.run = run;
    this.history = history;
    this.changed = changed;
    this.asked = asked;
  }

  /** Now, when the workflow has ended or does not go on by itself. */
  now(hasEnded: boolean): PerdureError | undefined {
    const lost = this.unreached();
    if (lost.length === 0) return undefined;
    if (lost.every((row) => this.history.isOld(row))) return this.stepsLost(lost);
    const instead = this.newCalls();
    const params = { run: this.run.id, workflow: this.run.workflow, steps: lost.map(describeStep) };
    if (!hasEnded && instead.length === 0) return new PerdureError("STALLED", params);
    return new PerdureError("STEPS_NOT_REACHED", {
      ...params,
      instead: instead.map(({ id, spec }) => describeStep({ id, location: spec.location })),
    });
  }

  /** Before `ask` begins as something new: whether what is recorded can still be reached, and is not what is about to be done again. */
  before(ask: Ask): PerdureError | undefined {
    if (!this.history.hasOld) return undefined;
    const lost = this.lostForGood();
    return lost.length > 0 ? this.stepsLost(lost) : this.moved(ask);
  }

  private unreached(): StepRow[] {
    return [...this.history.unreached(this.isAsked)];
  }

  private readonly isAsked = (id: string): boolean => this.asked.has(id);

  /** Calls that have neither a record nor begun. */
  private newCalls(): Ask[] {
    return [...this.asked.values()].filter(
      ({ id, live }) => !live && !this.history.checkpointOf(id) && !this.history.openStepOf(id),
    );
  }

  private stepsLost(lost: readonly StepRow[]): PerdureError {
    const { added, rename } = lost[0]
      ? this.changed.candidatesFor(lost[0], this.newCalls())
      : { added: [], rename: undefined };
    return new PerdureError("STEPS_LOST", {
      run: this.run.id,
      workflow: this.run.workflow,
      steps: lost.map(describeStep),
      added,
      rename,
    });
  }

  /** Finished steps of other code that cannot be reached, when the next recorded one is among them: no loaded module mentions what they called, or what that is now. */
  private lostForGood(): StepRow[] {
    const [first] = this.history.unreached(this.isAsked);
    return first && this.isUnreachable(first) ? this.unreached().filter((row) => this.isUnreachable(row)) : [];
  }

  private isUnreachable(row: StepRow): boolean {
    if ((row.kind !== "task" && row.kind !== "child") || !this.history.isOld(row)) return false;
    return ![row.id, ...this.history.idsOf(row)].some((id) => isMentioned(stepName(id)));
  }

  private moved(ask: Ask): PerdureError | undefined {
    const { id, spec } = ask;
    const recorded = this.history
      .twinsOf(spec.kind, ask.inputHash)
      .find((row) => this.changed.isMoved(row, id) || this.isRenamed(row, id));
    if (!recorded) return undefined;
    return new PerdureError("STEP_MOVED", {
      run: this.run.id,
      workflow: this.run.workflow,
      step: id,
      calledAt: spec.location ?? "?",
      recorded: recorded.id,
      recordedAt: recorded.location ?? "?",
      rename: this.changed.renameOf(recorded.id, id),
    });
  }

  /** A finished step that was renamed is lost for good; of an unfinished one its attempts would be. */
  private isRenamed(row: StepRow, now: string): boolean {
    return row.seq === undefined && this.isUnreachable(row) && this.changed.isRenamed(row, now);
  }
}

const describeStep = ({ id, location }: { readonly id: string; readonly location?: string | undefined }): string =>
  location === undefined ? id : `${id} (${location})`;
