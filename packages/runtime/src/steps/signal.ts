import { PerdureError } from "@perdure/protocol";
import { toMilliseconds, type Duration } from "../config/duration.ts";
import { TimeoutError } from "../values/errors.ts";
import type { LiveStep } from "../execution/step.ts";
import { currentScope } from "../execution/current.ts";
import { registry } from "../definitions/registry.ts";
import { parseWith, type StandardSchema } from "../values/schema.ts";
import { takeSite } from "../execution/sites.ts";

/**
 * Waits until a time. In a workflow the end is recorded when the wait begins: a crash neither restarts nor shortens it, and a long wait needs no
 * memory. Elsewhere it is a timer.
 * @param until - milliseconds, text such as `"3d"`, or a date
 * @throws PerdureError `DURATION_INVALID`; CancelledError when the run is cancelled
 */
export function sleep(until: Duration | Date): Promise<void> {
  const location = takeSite("sleep");
  const scope = currentScope();
  const wait = until instanceof Date ? validTime(until) : toMilliseconds(until, "sleep");
  const due = (now: number): number => (until instanceof Date ? wait : now + wait);
  if (!scope) return new Promise((resolve) => setTimeout(resolve, Math.max(0, due(Date.now()) - Date.now())));
  return scope.execution.step(scope, {
    kind: "sleep",
    name: "sleep",
    what: "sleep",
    input: until,
    location,
    begin(step) {
      const end = (): void => step.wait(() => step.complete(undefined));
      if (step.dueAt !== undefined) end();
      else step.keep(due(step.execution.host.clock.now()), end);
    },
  }) as Promise<void>;
}

const validTime = (date: Date): number => {
  if (Number.isNaN(date.getTime()))
    throw new PerdureError("DURATION_INVALID", { what: "sleep", value: "an invalid date" });
  return date.getTime();
};

export interface SignalOptions<T> {
  /** How long to wait; then the wait fails with a `TimeoutError`. Default: for ever. */
  readonly timeout?: Duration;
  /** Parses the payload, on first run and on replay alike. */
  readonly schema?: StandardSchema<T>;
}

/**
 * Waits until `complete(runId, name, payload)` is called, by anybody with the store, before or after this call. The first delivery wins.
 * A second wait for the same name waits for a second delivery.
 * @returns the payload
 * @throws TimeoutError; CancelledError; PerdureError `SIGNAL_OUTSIDE_WORKFLOW`
 */
export function signal<T = unknown>(name: string, options: SignalOptions<T> = {}): Promise<T> {
  const location = takeSite("signal");
  const scope = currentScope();
  if (!scope) throw new PerdureError("SIGNAL_OUTSIDE_WORKFLOW", { name });
  const timeout = options.timeout === undefined ? undefined : toMilliseconds(options.timeout, "signal timeout");
  const { schema } = options;
  return scope.execution.step(scope, {
    kind: "signal",
    name: `signal:${name}`,
    what: `signal:${name}`, // waits for different names do not number each other
    input: name,
    target: name,
    location,
    ...(schema && { parse: (value: unknown) => parseWith(schema, value, `the payload of signal "${name}"`) }),
    begin: (step) => waitForSignal(step, name, timeout),
  }) as Promise<T>;
}

function waitForSignal(step: LiveStep, name: string, timeout: number | undefined): void {
  const { host, run } = step.execution;
  step.onSignal = (delivery) => step.settle("completed", delivery.payload, delivery);
  const open = (): void => {
    step.wait(() => {
      // one that was accepted before the end counts
      void host
        .lookForSignals(run.id)
        .then(() => step.fail(new TimeoutError(`no signal "${name}" came within ${timeout ?? 0} ms`)));
    });
    void host.lookForSignals(run.id);
  };
  if (step.kept) open();
  else step.keep(timeout === undefined ? undefined : host.clock.now() + timeout, open);
}

/**
 * Gives the steps that `call` begins ids under `key` in place of ids by order, where order itself is not stable.
 * Outside a workflow it just calls.
 */
export function keyed<R>(key: string | number, call: () => R): R {
  takeSite("keyed");
  const scope = currentScope();
  return scope ? registry.context.run(scope.within({ key: String(key) }), call) : call();
}
