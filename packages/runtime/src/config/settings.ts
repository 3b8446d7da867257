import { checkOptions, oneOf, PerdureError, type OptionNames } from "@perdure/protocol";
import { Renames } from "../renames/renames.ts";
import type { FinalStatus, Store } from "@perdure/store";
import type { Clock } from "./clock.ts";
import type { ClassCodec, Codec } from "../values/codec.ts";
import type { RuntimeEvent, StepEvent } from "./events.ts";
import { toMilliseconds, type Duration } from "./duration.ts";
import type { Instrumentation } from "./instrumentation.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "./logger.ts";
import { streamSettings, type StreamOptions, type StreamSettings } from "./stream-options.ts";
import { checkTaskOptions, type TaskOptions } from "./task-options.ts";

/** A value that is about to be shown to people. */
export interface Redacted {
  readonly value: "input" | "output" | "error" | "progress";
  readonly run: string;
  readonly workflow: string;
  /** Id of the step; undefined for a value of the run itself. */
  readonly step?: string;
}

/** How long runs are kept after their end, by status, and how many of each workflow at least. */
export interface Retention {
  readonly completed?: Duration;
  readonly failed?: Duration;
  readonly cancelled?: Duration;
  /** So many of the latest runs of each workflow and status stay, however old. Default 0. */
  readonly keep?: number;
}

export interface Settings {
  /** Milliseconds a lease holds without renewal. */
  readonly lease: number;
  /** Milliseconds between two polls of the store for signals, cancellations and runs of other processes. */
  readonly pollInterval: number;
  /** Milliseconds a run may wait before it leaves memory. */
  readonly suspendAfter: number;
  /** Milliseconds a replay waits for a recorded step that the workflow does not call. */
  readonly stallTimeout: number;
  /** Milliseconds that the store may take to answer. */
  readonly storeTimeout: number;
  /** How often in a row a run is resumed after its process died, without a new checkpoint. */
  readonly maxStalls: number;
  readonly countDeaths: boolean;
  readonly nondeterminism: "stop" | "report";
  readonly lostSteps: "stop" | "report";
  readonly checkArguments: boolean;
  readonly renames: Renames;
  readonly defaults: TaskOptions;
  readonly recordInputs: boolean;
  readonly instrumentation: Instrumentation;
  readonly redact: RuntimeOptions["redact"];
  /** Milliseconds after their end, by status. */
  readonly retention: readonly { readonly status: FinalStatus; readonly after: number }[];
  readonly retained: number;
  readonly streams: StreamSettings;
}

export interface RuntimeOptions {
  /** `"sqlite:perdure.db"` (the default; also `$PERDURE_STORE`), `"memory:"`, or an instance. */
  readonly store?: string | Store;
  /** `"full"` (the default): what is committed survives a power failure. `"normal"`: only a crash of the process. On PostgreSQL, `"normal"` leaves `synchronous_commit` as it is. */
  readonly durability?: "full" | "normal";
  /** Options of every task, where `taskOptions` and the directive give none. */
  readonly defaults?: TaskOptions;
  /** Classes whose instances can be stored. */
  readonly classes?: readonly ClassCodec[];
  /** Turns values into text in another way, for example encrypted. */
  readonly codec?: Codec;
  /** Default: standard error. */
  readonly logger?: Logger;
  /** Default `"warn"`. At `"debug"` there is a line for each step that executes, is replayed, is retried, or waits. */
  readonly logLevel?: LogLevel;
  /** Time after which a run of a process that no longer renews its lease may be claimed by another. Default `"15s"`. */
  readonly lease?: Duration;
  /** Time between two polls of the store for what other processes wrote. Default `"250ms"`. */
  readonly pollInterval?: Duration;
  /** Time that a run may wait before it leaves memory. Default `"1m"`. */
  readonly suspendAfter?: Duration;
  /** Time that a replay waits for a recorded step that the workflow does not reach. Default `"10s"`. */
  readonly stallTimeout?: Duration;
  /** Time that the store may take to answer a call. Then what runs need is asked again until it is answered, and a call of the program rejects with `STORE_TIMEOUT`. Default: the lease, at most `"30s"`. */
  readonly storeTimeout?: Duration;
  /**
   * How often in a row a run is resumed after its process died, or could record nothing, without a new checkpoint in between. Then the run is
   * blocked with `RUN_KEEPS_FAILING`. Default 10.
   */
  readonly maxStalls?: number;
  /**
   * Whether an attempt that ends with its process counts as one of the task's attempts. For that, attempts are recorded before they begin, but
   * only in a run whose process died without a new checkpoint. Default true.
   */
  readonly countDeaths?: boolean;
  /** What to do when a step is called with another input in a replay under the same code. Default `"stop"`. */
  readonly nondeterminism?: "stop" | "report";
  /** What to do when changed code no longer reaches a recorded step. Default `"stop"`. */
  readonly lostSteps?: "stop" | "report";
  /**
   * Whether to check after each attempt of a task whether it changed its arguments in place, and to report it. (The workflow never
   * sees such a change.) Default: true unless `NODE_ENV` is `"production"`.
   */
  readonly checkArguments?: boolean;
  /**
   * Names and paths that were changed after runs in the store were recorded, old → new. Each is a name (`{ bill: "charge" }`; also of a
   * workflow, a helper, `signal:paid`), a step path or the beginning of one (`{ "charge[0]": "handle[0]/charge[0]" }`; a segment without
   * an index stands for every index), or a workflow with its file (`{ "src/old.ts#order": "src/new.ts#order" }`). Recorded steps keep
   * their ids and therefore their idempotency keys.
   */
  readonly renames?: Readonly<Record<string, string>>;
  /** Whether the arguments of tasks are recorded with their steps, for `run.steps()`. Arguments that cannot be stored are left out. Default false. */
  readonly recordInputs?: boolean;
  /**
   * Replaces values before people see them: in `info()`, `steps()`, `subscribe()`, lists and logs. It gets a copy and returns what is shown. Where it
   * throws, the value is not shown. Runs and results are not affected.
   */
  readonly redact?: (value: unknown, what: Redacted) => unknown;
  /** How long ended runs are kept. Workers delete older ones, in small batches. Default: forever. */
  readonly retention?: Retention;
  /** How the streams of runs are written. */
  readonly streams?: StreamOptions;
  /** Called with each problem that does not stop a run. Default: it is logged. */
  readonly onReport?: (error: PerdureError, run: { readonly id: string; readonly workflow: string }) => void;
  readonly clock?: Clock;
  /** The secret from which a run's `Math.random()` and `crypto.randomUUID()` are drawn. Default: a random one. Whoever knows the secret can compute the values. */
  readonly seed?: (run: string) => string;
  /** Functions around executions and attempts, for traces and metrics: `otel()` of `perdure/otel`, or your own. */
  readonly instrumentation?: Instrumentation;
  /** Called with everything that happens to runs and steps in this process, for logs, metrics and traces. */
  readonly onEvent?: (event: RuntimeEvent) => void;
  /** Called with each event of a step, as it happens: `onEvent` in short. */
  readonly onStep?: (event: StepEvent, run: string, step: string) => void;
}

export const RUNTIME_OPTIONS: OptionNames<RuntimeOptions> = {
  store: true,
  durability: true,
  defaults: true,
  classes: true,
  codec: true,
  logger: true,
  logLevel: true,
  lease: true,
  pollInterval: true,
  suspendAfter: true,
  stallTimeout: true,
  storeTimeout: true,
  maxStalls: true,
  countDeaths: true,
  nondeterminism: true,
  lostSteps: true,
  checkArguments: true,
  renames: true,
  onReport: true,
  clock: true,
  seed: true,
  recordInputs: true,
  redact: true,
  retention: true,
  streams: true,
  instrumentation: true,
  onEvent: true,
  onStep: true,
};

/** @throws PerdureError `DURATION_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`, `RENAME_INVALID` */
export function settingsOf(options: RuntimeOptions): Settings {
  checkOptions(options, RUNTIME_OPTIONS, "configure()");
  oneOf(options.durability ?? "full", ["full", "normal"], "durability");
  oneOf(options.logLevel ?? "warn", LOG_LEVELS, "logLevel");
  const lease = toMilliseconds(options.lease ?? "15s", "lease");
  const pollInterval = toMilliseconds(options.pollInterval ?? "250ms", "pollInterval");
  // the poller renews a lease when a third of it has passed
  if (pollInterval * 3 > lease)
    throw new PerdureError("OPTION_INVALID", {
      option: "pollInterval",
      value: `${pollInterval} ms`,
      expected: `at most a third of the lease of ${lease} ms`,
    });
  const retention = checkOptions(options.retention ?? {}, RETENTION, "configure({ retention })");
  return {
    lease,
    pollInterval,
    suspendAfter: toMilliseconds(options.suspendAfter ?? "1m", "suspendAfter"),
    stallTimeout: toMilliseconds(options.stallTimeout ?? "10s", "stallTimeout"),
    storeTimeout: toMilliseconds(options.storeTimeout ?? Math.min(lease, 30_000), "storeTimeout"),
    maxStalls: wholeNumber(options.maxStalls ?? 10, "maxStalls"),
    countDeaths: options.countDeaths ?? true,
    nondeterminism: oneOf(options.nondeterminism ?? "stop", ["stop", "report"], "nondeterminism"),
    lostSteps: oneOf(options.lostSteps ?? "stop", ["stop", "report"], "lostSteps"),
    checkArguments: options.checkArguments ?? process.env["NODE_ENV"] !== "production",
    renames: new Renames(options.renames),
    defaults: checkTaskOptions(options.defaults ?? {}, "configure({ defaults })"),
    recordInputs: options.recordInputs ?? false,
    instrumentation: options.instrumentation ?? {},
    redact: options.redact,
    retention: ENDS.flatMap((status) => {
      const after = retention[status];
      return after === undefined ? [] : [{ status, after: toMilliseconds(after, `retention of ${status} runs`) }];
    }),
    retained: wholeNumber(retention.keep ?? 0, "retention.keep"),
    streams: streamSettings(options.streams),
  };
}

const RETENTION: OptionNames<Retention> = { completed: true, failed: true, cancelled: true, keep: true };

const ENDS: readonly FinalStatus[] = ["completed", "failed", "cancelled"];

function wholeNumber(value: number, option: string): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new PerdureError("OPTION_INVALID", { option, value: String(value), expected: "a whole number from 0" });
}
