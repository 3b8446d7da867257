import { PerdureError } from "@perdure/protocol";
import { Renames } from "../renames/renames.ts";
import type { Store } from "@perdure/store";
import type { Clock } from "./clock.ts";
import type { ClassCodec, Codec } from "../values/codec.ts";
import { toMilliseconds, type Duration } from "./duration.ts";
import type { Logger, LogLevel } from "./logger.ts";
import { checkTaskOptions, type TaskOptions } from "./task-options.ts";

/** What happened to a step: an attempt begun, done here, given from the record, failed for good, to be tried again, waited for. */
export type StepEvent = "started" | "executed" | "replayed" | "failed" | "retrying" | "waiting";

export interface Settings {
  /** Milliseconds a lease holds without renewal. */
  readonly lease: number;
  /** Milliseconds between two looks at the store for signals, cancellations and runs of other processes. */
  readonly pollInterval: number;
  /** Milliseconds a run may wait before it leaves memory. */
  readonly suspendAfter: number;
  /** Milliseconds a replay waits for a recorded step that the workflow does not ask for. */
  readonly stallTimeout: number;
  readonly nondeterminism: "stop" | "report";
  readonly lostSteps: "stop" | "report";
  readonly checkArguments: boolean;
  readonly renames: Renames;
  readonly defaults: TaskOptions;
}

export interface RuntimeOptions {
  /** `"sqlite:perdure.db"` (the default; also `$PERDURE_STORE`), `"memory:"`, or an instance. */
  readonly store?: string | Store;
  /** `"full"` (the default): what is committed survives a power failure. `"normal"`: only a crash of the process. */
  readonly durability?: "full" | "normal";
  /** Options of every task that does not say otherwise. */
  readonly defaults?: TaskOptions;
  /** Classes whose instances can be stored. */
  readonly classes?: readonly ClassCodec[];
  /** Another way to turn values into text, for example an encrypted one. */
  readonly codec?: Codec;
  /** Default: standard error. */
  readonly logger?: Logger;
  /** Default `"warn"`. At `"debug"`: a line for each step executed, replayed, retried, waited for. */
  readonly logLevel?: LogLevel;
  /** How long a run stays with a process that gives no sign of life. Default `"15s"`. */
  readonly lease?: Duration;
  /** Time between two looks at the store for what other processes did. Default `"250ms"`. */
  readonly pollInterval?: Duration;
  /** Time that a run may wait before it leaves memory. Default `"1m"`. */
  readonly suspendAfter?: Duration;
  /** Time that a replay waits for a recorded step that the workflow does not reach. Default `"10s"`. */
  readonly stallTimeout?: Duration;
  /** What to do when a step is called with another input in a replay under the same code. Default `"stop"`. */
  readonly nondeterminism?: "stop" | "report";
  /** What to do when changed code does not reach a recorded step any more. Default `"stop"`. */
  readonly lostSteps?: "stop" | "report";
  /**
   * Whether to look, after each attempt of a task, if it has changed its arguments in place (which the workflow never sees), and to report that. Default: when
   * `NODE_ENV` is not `"production"`.
   */
  readonly checkArguments?: boolean;
  /**
   * What was renamed or moved since runs in the store were recorded, old → new: a name (`{ bill: "charge" }`; also of a workflow, a helper, `signal:paid`), a step path or
   * the beginning of one (`{ "charge[0]": "handle[0]/charge[0]" }`; a segment without an index stands for every index), or a workflow with its file
   * (`{ "src/old.ts#order": "src/new.ts#order" }`). Recorded steps keep their ids and so their idempotency keys.
   */
  readonly renames?: Readonly<Record<string, string>>;
  /** Told of everything that is reported and does not stop a run. Default: the logger. */
  readonly onReport?: (error: PerdureError, run: { readonly id: string; readonly workflow: string }) => void;
  readonly clock?: Clock;
  /** The secret from which a run's `Math.random()` and `crypto.randomUUID()` are drawn. Default: a random one. Anyone who knows it knows them all. */
  readonly seed?: (run: string) => string;
  /** Told of each step, as it happens. */
  readonly onStep?: (event: StepEvent, run: string, step: string) => void;
}

/** @throws PerdureError `DURATION_INVALID`, `OPTION_INVALID`, `RENAME_INVALID` */
export function settingsOf(options: RuntimeOptions): Settings {
  const lease = toMilliseconds(options.lease ?? "15s", "lease");
  const pollInterval = toMilliseconds(options.pollInterval ?? "250ms", "pollInterval");
  // leases are renewed at the ticks of the poll, when a third of them is over
  if (pollInterval * 3 > lease)
    throw new PerdureError("OPTION_INVALID", {
      option: "pollInterval",
      value: `${pollInterval} ms`,
      expected: `at most a third of the lease of ${lease} ms`,
    });
  return {
    lease,
    pollInterval,
    suspendAfter: toMilliseconds(options.suspendAfter ?? "1m", "suspendAfter"),
    stallTimeout: toMilliseconds(options.stallTimeout ?? "10s", "stallTimeout"),
    nondeterminism: options.nondeterminism ?? "stop",
    lostSteps: options.lostSteps ?? "stop",
    checkArguments: options.checkArguments ?? process.env["NODE_ENV"] !== "production",
    renames: new Renames(options.renames),
    defaults: checkTaskOptions(options.defaults ?? {}),
  };
}
