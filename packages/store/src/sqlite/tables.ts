import type { Codes } from "./codes.ts";
import type { Executions } from "./executions.ts";
import type { Conditions } from "./flow/conditions.ts";
import type { Line } from "./flow/line.ts";
import type { Runs } from "./runs.ts";
import type { Schedules } from "./schedules.ts";
import type { Sequences } from "./sequences.ts";
import type { Signals } from "./signals.ts";
import type { Steps } from "./steps.ts";
import type { Streams } from "./streams.ts";

/** Everything that a transition reads and writes. */
export interface Tables {
  readonly runs: Runs;
  readonly steps: Steps;
  readonly signals: Signals;
  readonly streams: Streams;
  readonly sequences: Sequences;
  readonly codes: Codes;
  readonly executions: Executions;
  readonly schedules: Schedules;
  readonly line: Line;
  readonly conditions: Conditions;
}
