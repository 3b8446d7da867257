import { PerdureError, stepName } from "@perdure/protocol";
import type { Encoded, RunRow, StepRow } from "@perdure/store";
import type { Clock } from "../config/clock.ts";
import { filtered, isLogged, type Logger } from "../config/logger.ts";
import { shown, type Shower } from "../config/redact.ts";
import type { CommitInfo, Gauges } from "../config/instrumentation.ts";
import type { RuntimeOptions } from "../config/settings.ts";
import { guarded, headlineOf } from "../values/describe.ts";
import type { RunHappened, RuntimeEvent, StepEvent, StepHappened } from "../config/events.ts";
import { fieldsOf, levelOf, messageOf } from "./line.ts";

type Common = "subject" | "type" | "at" | "run" | "workflow" | "parent";

/** What happened to a run. `output` is an error that is recorded, `error` one that is not. */
type RunDetails = Pick<RunHappened, "type" | "wakeAt" | "step" | "location" | "error"> & { readonly output?: Encoded };

/** Tells the hooks and the log of one process what happens. None of them can fail a run, whatever it throws (R12). */
export class Reporter {
  readonly log: Logger;
  private readonly options: RuntimeOptions;
  private readonly clock: Clock;
  private readonly shower: Shower;
  private readonly heard: Readonly<Record<StepEvent, boolean>>;
  /** Calls a hook in the asynchronous context in which it was given (R14). */
  private readonly inContext: <R>(call: () => R) => R;

  constructor(options: RuntimeOptions, clock: Clock, shower: Shower, inContext: <R>(call: () => R) => R) {
    this.options = options;
    this.clock = clock;
    this.shower = shower;
    this.inContext = inContext;
    this.log = filtered(options.logger, options.logLevel, inContext);
    this.heard = heardBy(options);
  }

  /** A problem that does not stop a run. */
  problem(error: PerdureError, run: RunRow): void {
    const { onReport } = this.options;
    if (onReport && this.calls("onReport", run.id, () => onReport(error, run))) return;
    this.log.warn(error.message, { run: run.id, workflow: run.workflow, code: error.code });
  }

  /** Whether a hook or the log receives events of this type. */
  hears(type: StepEvent): boolean {
    return this.heard[type];
  }

  step(type: StepEvent, run: RunRow, row: StepRow): void {
    const { onStep } = this.options;
    if (onStep) this.calls("onStep", run.id, () => onStep(type, run.id, row.id));
    const { id: step, kind, attempt, location, startedAt, finishedAt, dueAt, output } = row;
    const isError = type === "failed" || type === "retrying";
    this.happened<StepHappened>(run, { subject: "step", type }, () => ({
      step,
      kind,
      name: guarded(() => stepName(step), step),
      attempt,
      ...(location !== undefined && { location }),
      startedAt: new Date(startedAt),
      ...(finishedAt !== undefined && { finishedAt: new Date(finishedAt) }),
      ...(dueAt !== undefined && { dueAt: new Date(dueAt) }),
      ...this.errorOf(run, isError ? output : undefined, step),
    }));
  }

  run(run: RunRow, { type, output, error, ...details }: RunDetails): void {
    this.happened<RunHappened>(run, { subject: "run", type }, () => ({
      ...details,
      createdAt: new Date(run.createdAt),
      ...(error === undefined ? this.errorOf(run, output) : { error }),
    }));
  }

  /** What to call after each commit; undefined where nobody measures. */
  get onCommit(): ((commit: CommitInfo) => void) | undefined {
    const hook = this.options.instrumentation?.onCommit;
    return hook && ((commit) => void this.calls("instrumentation.onCommit", undefined, () => hook(commit)));
  }

  /** Returns what to call when the store is closed. */
  opened(gauges: Gauges): () => void {
    const hook = this.options.instrumentation?.onOpen;
    let close: (() => void) | undefined;
    if (hook) this.calls("instrumentation.onOpen", undefined, () => (close = hook(gauges)));
    return () => void this.calls("instrumentation.onOpen", undefined, () => close?.());
  }

  private errorOf(run: RunRow, output: Encoded | undefined, step?: string): { readonly error?: unknown } {
    if (output === undefined) return {};
    const what = { value: "error", run: run.id, workflow: run.workflow, ...(step !== undefined && { step }) } as const;
    return { error: shown(this.shower, output, what) };
  }

  private happened<E extends RuntimeEvent>(
    run: RunRow,
    about: Pick<E, "subject" | "type">,
    make: () => Omit<E, Common>,
  ): void {
    const { onEvent } = this.options;
    const level = levelOf(about);
    const isLine = level !== undefined && isLogged(level, this.options.logLevel);
    const instrument = this.options.instrumentation?.onEvent;
    if (!onEvent && !instrument && !isLine) return;
    const { id, workflow, parent } = run;
    const who = { at: new Date(this.clock.now()), run: id, workflow, ...(parent !== undefined && { parent }) };
    const event = { ...who, ...about, ...make() } as unknown as E;
    if (onEvent) this.calls("onEvent", id, () => onEvent(event));
    if (instrument) this.calls("instrumentation.onEvent", id, () => instrument(event));
    if (isLine) this.log[level](messageOf(event), fieldsOf(event));
  }

  /** False: the hook threw. */
  private calls(name: string, run: string | undefined, hook: () => void): boolean {
    try {
      this.inContext(hook);
      return true;
    } catch (error) {
      this.log.error(`${name} threw: ${headlineOf(error)}`, { ...(run !== undefined && { run }) });
      return false;
    }
  }
}

function heardBy({ onStep, onEvent, instrumentation, logLevel }: RuntimeOptions): Record<StepEvent, boolean> {
  const hasHook = Boolean(onStep ?? onEvent ?? instrumentation?.onEvent);
  const isHeard = (type: StepEvent): boolean => {
    const level = levelOf({ subject: "step", type });
    return hasHook || (level !== undefined && isLogged(level, logLevel));
  };
  return {
    started: isHeard("started"),
    executed: isHeard("executed"),
    replayed: isHeard("replayed"),
    failed: isHeard("failed"),
    retrying: isHeard("retrying"),
    waiting: isHeard("waiting"),
  };
}
