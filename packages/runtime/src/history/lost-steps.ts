import { PerdureError, stepName } from "@perdure/protocol";
import type { RunRow, StepRow } from "@perdure/store";
import { isCalledAnywhere } from "../definitions/registry.ts";
import type { Call } from "./call.ts";
import type { ChangedCode } from "./changed-code.ts";
import type { History } from "./history.ts";

/** The recorded steps that a run's workflow does not reach, and the error that they stop the run with (R6). */
export class LostSteps {
  private readonly run: RunRow;
  private readonly history: History;
  private readonly changed: ChangedCode;
  private readonly pending: ReadonlyMap<string, Call>;

  /** @param pending - the calls whose outcomes have not been delivered, by id; read when an error is asked for */
  constructor(run: RunRow, history: History, changed: ChangedCode, pending: ReadonlyMap<string, Call>) {
    this.run = run;
    this.history = history;
    this.changed = changed;
    this.pending = pending;
  }

  /** The error now that the workflow has ended, or waits for none of the recorded completions. */
  now(hasEnded: boolean): PerdureError | undefined {
    const lost = this.unreached();
    if (lost.length === 0) return undefined;
    if (lost.every((row) => this.history.isOld(row))) return this.stepsLost(lost);
    const instead = this.newCalls();
    const params = { run: this.run.id, workflow: this.run.workflow, steps: lost.map(describeStep) };
    if (!hasEnded && instead.length === 0) return new PerdureError("STALLED", params);
    return new PerdureError("STEPS_NOT_REACHED", {
      ...params,
      instead: instead.map(describeStep),
    });
  }

  /** The error before `call` begins as a new step: a recorded step can no longer be reached, or `call` would do it again. */
  beforeBeginning(call: Call): PerdureError | undefined {
    if (!this.history.hasOld) return undefined;
    const lost = this.lostForGood();
    return lost.length > 0 ? this.stepsLost(lost) : this.moved(call);
  }

  private unreached(): StepRow[] {
    return [...this.history.unreached(this.isPending)];
  }

  private readonly isPending = (id: string): boolean => this.pending.has(id);

  /** Pending calls that are not recorded and have not begun. */
  private newCalls(): Call[] {
    return [...this.pending.values()].filter(
      ({ id, hasBegun }) => !hasBegun && !this.history.checkpointOf(id) && !this.history.openStepOf(id),
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

  /**
   * Finished steps of other code that cannot be reached, when the next recorded step is one of them: no loaded module calls the
   * function that they called, under its old name or a new one.
   */
  private lostForGood(): StepRow[] {
    const [first] = this.history.unreached(this.isPending);
    return first && this.isUnreachable(first) ? this.unreached().filter((row) => this.isUnreachable(row)) : [];
  }

  private isUnreachable(row: StepRow): boolean {
    if ((row.kind !== "task" && row.kind !== "child") || !this.history.isOld(row)) return false;
    return ![row.id, ...this.history.idsOf(row)].some((id) => isCalledAnywhere(stepName(id)));
  }

  private moved({ id, kind, inputHash, location }: Call): PerdureError | undefined {
    const recorded = this.history
      .unmatchedLike(kind, inputHash)
      .find((row) => this.changed.isMoved(row, id) || this.isRenamed(row, id));
    if (!recorded) return undefined;
    return new PerdureError("STEP_MOVED", {
      run: this.run.id,
      workflow: this.run.workflow,
      step: id,
      calledAt: location ?? "?",
      recorded: recorded.id,
      recordedAt: recorded.location ?? "?",
      rename: this.changed.renameOf(recorded.id, id),
    });
  }

  /** Whether the unfinished step was renamed. Its attempts would be lost. (A finished step that was renamed is unreachable.) */
  private isRenamed(row: StepRow, now: string): boolean {
    return row.seq === undefined && this.isUnreachable(row) && this.changed.isRenamed(row, now);
  }
}

const describeStep = ({ id, location }: { readonly id: string; readonly location?: string | undefined }): string =>
  location === undefined ? id : `${id} (${location})`;
