import { checkOptions, PerdureError } from "@perdure/protocol";
import { toMilliseconds, type Duration } from "../config/duration.ts";
import { currentScope } from "../execution/current.ts";
import { takeSite } from "../execution/sites.ts";
import type { LiveStep } from "../execution/step.ts";
import { TimeoutError } from "../values/errors.ts";
import { storedName } from "../values/stored-name.ts";
import { jsonSchemaOf, parseWith, type StandardSchema } from "../values/schema.ts";

export interface SignalOptions<T> {
  /** How long to wait; then the wait fails with a `TimeoutError`. Default: without a limit. */
  readonly timeout?: Duration;
  /** Parses the payload, on the first run and in each replay. */
  readonly schema?: StandardSchema<T>;
}

/**
 * Waits until `complete(runId, name, payload)` is called in any process with the store, before or after this call. The first
 * delivery wins. A second wait for the same name waits for a second delivery.
 * @returns the payload
 * @throws TimeoutError; CancelledError; PerdureError `SIGNAL_OUTSIDE_WORKFLOW`; PerdureError `SCHEMA_REFUSED` for a payload that
 * `schema` refuses: it is consumed, and the workflow may wait again
 */
export function signal<T = unknown>(name: string, options: SignalOptions<T> = {}): Promise<T> {
  const location = takeSite("signal");
  const scope = currentScope();
  if (!scope) throw new PerdureError("SIGNAL_OUTSIDE_WORKFLOW", { name });
  checkOptions(options, { timeout: true, schema: true }, "signal()");
  const timeout = options.timeout === undefined ? undefined : toMilliseconds(options.timeout, "signal timeout");
  const { schema } = options;
  const stored = storedName(name);
  return scope.call({
    kind: "signal",
    name: `signal:${stored}`,
    what: `signal:${stored}`, // each name has its own counter
    input: stored,
    target: stored,
    location,
    timeout,
    ...(schema && { parse: (value: unknown) => parseWith(schema, value, `the payload of signal "${name}"`) }),
    ...(schema && { payloadSchema: () => jsonSchemaOf(schema) }),
    ...(schema && { check: (value: unknown) => void parseWith(schema, value, `the payload of signal "${name}"`) }),
    begin: (step) => waitForSignal(step, name, timeout),
  }) as Promise<T>;
}

function waitForSignal(step: LiveStep, name: string, timeout: number | undefined): void {
  const { host, run } = step.execution;
  step.onSignal = (delivery) => {
    try {
      const payload = host.values.decode(delivery.payload);
      step.call.inContext(() => step.call.spec.check?.(payload));
    } catch (refusal) {
      return step.fail(refusal, delivery); // the workflow may wait again, for a better payload
    }
    step.settle("completed", delivery.payload, delivery);
  };
  const expire = async (): Promise<void> => {
    await host.readSignals(run.id); // a delivery that was accepted before the timeout wins
    step.fail(new TimeoutError(`no signal "${name}" came within ${timeout ?? 0} ms`));
  };
  /** The run does not leave memory before the deliveries are read that came meanwhile: it would be due again at once. */
  const open = async (): Promise<void> => {
    await host.readSignals(run.id);
    if (step.active && step.execution.isActive) step.wait(() => void expire());
  };
  if (step.kept) void open();
  else step.keep(timeout === undefined ? undefined : host.clock.now() + timeout, () => void open());
}
