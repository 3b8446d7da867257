import type { argumentNames, DirectiveKind } from "./directive.ts";
import type { BackoffName, backoffs } from "./values.ts";

/** What an editor shows of a word, an argument or a backoff function. */
export interface Description {
  readonly text: string;
  readonly example: string;
}

/** What is written behind the `=` of an argument. */
export type ValueKind = "count" | "factor" | "flag" | "duration" | "backoff" | "template" | "date" | "name";

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
    name,
  },
  workflow: {
    id: {
      value: "template",
      text: "The id of the run, made of its arguments. A call with the id of an existing run attaches to that run.",
      standard: "made of the workflow's name and all its arguments",
      example: "id=order-{order.id}",
    },
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
