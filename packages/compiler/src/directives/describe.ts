import type { CATCH_UP, OVERLAP } from "@perdure/protocol";
import type { argumentNames, DirectiveKind } from "./directive.ts";
import type { flowNames } from "./flow.ts";
import type { scheduleNames } from "./schedule.ts";
import type { BackoffName, backoffs } from "./values.ts";

/** What an editor shows of a word, an argument or a backoff function. */
export interface Description {
  readonly text: string;
  readonly example: string;
}

/** What is written behind the `=` of an argument. */
export type ValueKind =
  | "count"
  | "factor"
  | "flag"
  | "duration"
  | "backoff"
  | "template"
  | "date"
  | "name"
  | "rate"
  | "cron"
  | "timezone"
  | "catchUp"
  | "overlap";

export interface ArgumentDescription extends Description {
  readonly value: ValueKind;
  /** What holds without the argument. `undefined` if it must be given. */
  readonly standard: string | undefined;
}

type Described<Names extends string> = Readonly<Record<Names, ArgumentDescription>>;

export const wordDescriptions: Readonly<Record<DirectiveKind, Description>> = {
  task: {
    text: "A task does work that must not be repeated. Its result is recorded, and a run that is resumed reads the record instead of calling the task again. A failed attempt is repeated.",
    example: "use task: retries=3, timeout=30s",
  },
  workflow: {
    text: "A workflow can be resumed after a crash: it is executed again from the top, and each durable call in it returns what was recorded. It must be deterministic between durable calls.",
    example: "use workflow: id=order-{order.id}",
  },
};

const name: ArgumentDescription = {
  value: "name",
  text: "The name in step ids and in the records of runs, in place of the function's. It stays when the function is renamed.",
  standard: "the name of the function",
  example: "name=charge",
};

const flow: Described<(typeof flowNames)[number]> = {
  queue: {
    value: "name",
    text: "The queue whose slots it needs. The limits are where the queue is defined, and hold over all processes of the store.",
    standard: "no queue",
    example: "queue=mail",
  },
  key: {
    value: "template",
    text: "Whose turn in the queue it is, made of the arguments. Keys take turns.",
    standard: "none",
    example: "queue=mail, key={order.id}",
  },
  priority: {
    value: "count",
    text: "Which of those that wait come first: the higher ones. It may be negative.",
    standard: "0",
    example: "queue=mail, priority=5",
  },
  concurrency: {
    value: "count",
    text: "How many of it run at the same time, in all processes of the store.",
    standard: "no limit",
    example: "concurrency=5",
  },
  perKey: {
    value: "count",
    text: "How many of one key run at the same time.",
    standard: "no limit",
    example: "perKey=1, key={order.id}",
  },
  rate: {
    value: "rate",
    text: "How many begin in any period of this length. The period slides.",
    standard: "no limit",
    example: "rate=10/1m",
  },
};

const schedule: Described<(typeof scheduleNames)[number]> = {
  cron: {
    value: "cron",
    text: "When a run begins: minute, hour, day of month, month, day of week. Each time begins one run, however many processes there are.",
    standard: "no schedule",
    example: "cron='0 6 * * *'",
  },
  every: {
    value: "duration",
    text: "The time from the beginning of one run to that of the next, 1s or more.",
    standard: "no schedule",
    example: "every=1h",
  },
  timezone: {
    value: "timezone",
    text: "The time zone of the cron expression.",
    standard: "UTC",
    example: "cron='0 6 * * *', timezone='Europe/Vienna'",
  },
  jitter: {
    value: "duration",
    text: "Each run is late by a time between zero and this, and never as late as the next one.",
    standard: "none",
    example: "every=1h, jitter=30s",
  },
  catchUp: {
    value: "catchUp",
    text: "Which runs begin late, after a time in which no worker was there to begin them.",
    standard: "last",
    example: "every=1h, catchUp=last",
  },
  overlap: {
    value: "overlap",
    text: "What happens if the run before has not ended.",
    standard: "allow",
    example: "every=1h, overlap=queue",
  },
};

/** The words that an argument takes. */
export const choiceDescriptions: {
  readonly catchUp: Readonly<Record<(typeof CATCH_UP)[number], Description>>;
  readonly overlap: Readonly<Record<(typeof OVERLAP)[number], Description>>;
} = {
  catchUp: {
    none: { text: "What was missed is left out.", example: "catchUp=none" },
    last: { text: "One run begins for the last time that was missed.", example: "catchUp=last" },
    all: { text: "A run begins for each time that was missed.", example: "catchUp=all" },
  },
  overlap: {
    skip: { text: "The run is left out.", example: "overlap=skip" },
    queue: { text: "The run begins after the one before has ended.", example: "overlap=queue" },
    "cancel-running": { text: "The one before is cancelled.", example: "overlap=cancel-running" },
    allow: { text: "Both run at the same time.", example: "overlap=allow" },
  },
};

export const argumentDescriptions: { readonly [K in DirectiveKind]: Described<(typeof argumentNames)[K][number]> } = {
  task: {
    retries: { value: "count", text: "Attempts after the first one.", standard: "3", example: "retries=5" },
    backoff: {
      value: "backoff",
      text: "The wait before each retry.",
      standard: "exponential(base=2, max=60s)",
      example: "backoff=linear(start=1s, step=2s)",
    },
    timeout: {
      value: "duration",
      text: "How long one attempt may take. Then its AbortSignal is aborted, and the attempt fails with a TimeoutError.",
      standard: "no limit",
      example: "timeout=30s",
    },
    ...flow,
    name,
  },
  workflow: {
    id: {
      value: "template",
      text: "The id of the run, made of its arguments. A call with the id of an existing run attaches to that run.",
      standard: "made of the workflow's name and all its arguments",
      example: "id=order-{order.id}",
    },
    timeout: {
      value: "duration",
      text: "How long a run may take, waits included. Then it is cancelled.",
      standard: "no limit",
      example: "timeout=1h",
    },
    ...flow,
    hold: {
      value: "flag",
      text: "Whether the run keeps its slot of the queue while it sleeps or waits for a signal or a child.",
      standard: "false",
      example: "queue=shipments, hold=true",
    },
    ...schedule,
    name,
  },
};

type Arguments<B extends BackoffName> =
  (typeof backoffs)[B]["required"][number] | (typeof backoffs)[B]["optional"][number];

export const backoffDescriptions: {
  readonly [B in BackoffName]: Description & { readonly arguments: Described<Arguments<B>> };
} = {
  exponential: {
    text: "base^n seconds before retry n.",
    example: "exponential(base=2, max=60s)",
    arguments: {
      base: { value: "factor", text: "The factor from one wait to the next.", standard: "2", example: "base=2" },
      max: {
        value: "duration",
        text: "The longest wait.",
        standard: "60s, and no limit beside a base",
        example: "max=60s",
      },
      jitter: {
        value: "flag",
        text: "Waits a random part of the time, between half and all of it, so that many callers do not retry at the same time.",
        standard: "false",
        example: "jitter=true",
      },
    },
  },
  linear: {
    text: "start + (n - 1) · step before retry n.",
    example: "linear(start=1s, step=2s)",
    arguments: {
      start: { value: "duration", text: "The wait before the first retry.", standard: "1s", example: "start=1s" },
      step: { value: "duration", text: "How much longer each next wait is.", standard: "1s", example: "step=2s" },
    },
  },
  constant: {
    text: "The same wait before every retry.",
    example: "constant(5s)",
    arguments: {
      delay: { value: "duration", text: "The wait.", standard: undefined, example: "delay=5s" },
    },
  },
};
