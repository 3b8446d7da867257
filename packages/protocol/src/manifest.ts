import * as v from "valibot";
import { PerdureError } from "./errors.ts";

/** A position in the source: 1-based line and column. */
const position = v.pipe(v.tuple([v.number(), v.number()]), v.readonly());
export type Position = v.InferOutput<typeof position>;

const backoff = v.pipe(
  v.variant("kind", [
    v.strictObject({
      kind: v.literal("exponential"),
      base: v.number(),
      max: v.exactOptional(v.number()),
      jitter: v.exactOptional(v.boolean()),
    }),
    v.strictObject({ kind: v.literal("linear"), start: v.number(), step: v.number() }),
    v.strictObject({ kind: v.literal("constant"), delay: v.number() }),
  ]),
  v.readonly(),
);
/** The delay before retry n = 1, 2, …. Durations are in milliseconds. */
export type BackoffSpec = v.InferOutput<typeof backoff>;

const taskOptions = v.pipe(
  v.strictObject({
    retries: v.exactOptional(v.number()),
    backoff: v.exactOptional(backoff),
    timeout: v.exactOptional(v.number()),
  }),
  v.readonly(),
);
/** Options of a task, from its directive. `timeout` is in milliseconds. */
export type TaskOptionsInfo = v.InferOutput<typeof taskOptions>;

const templatePart = v.union([
  v.string(),
  v.pipe(
    v.strictObject({
      /** The placeholder as written, for messages. */
      text: v.string(),
      /** Index of the argument, and the path below it. */
      arg: v.number(),
      path: v.pipe(v.array(v.union([v.string(), v.number()])), v.readonly()),
      /** The literal that is the parameter's default value. */
      default: v.exactOptional(v.union([v.string(), v.number(), v.boolean()])),
      /** The value is a date, and becomes text in this format: `yyyy-mm-dd`. */
      format: v.exactOptional(v.string()),
    }),
    v.readonly(),
  ),
]);
/** A part of the template of an id or a key: literal text, or the path of a value in the arguments. */
export type TemplatePart = v.InferOutput<typeof templatePart>;

/** What a schedule does about the ticks that nobody was there for. */
export const CATCH_UP = ["none", "last", "all"] as const;
/** What a schedule does if the run of the tick before has not ended. */
export const OVERLAP = ["skip", "queue", "cancel-running", "allow"] as const;

const flow = v.pipe(
  v.strictObject({
    /** The queue that it stands in line of. */
    queue: v.exactOptional(v.string()),
    /** Limits of a queue of its own. */
    limits: v.exactOptional(
      v.pipe(
        v.strictObject({
          concurrency: v.exactOptional(v.number()),
          perKey: v.exactOptional(v.number()),
          rate: v.exactOptional(v.pipe(v.strictObject({ limit: v.number(), per: v.number() }), v.readonly())),
        }),
        v.readonly(),
      ),
    ),
    key: v.exactOptional(v.pipe(v.array(templatePart), v.readonly())),
    priority: v.exactOptional(v.number()),
    hold: v.exactOptional(v.literal(true)),
  }),
  v.readonly(),
);
/** What a task or workflow waits for before it begins, from its directive. `per` is in milliseconds. */
export type FlowInfo = v.InferOutput<typeof flow>;

const anySchedule = {
  jitter: v.exactOptional(v.number()),
  catchUp: v.exactOptional(v.picklist(CATCH_UP)),
  overlap: v.exactOptional(v.picklist(OVERLAP)),
};
const schedule = v.pipe(
  v.union([
    v.strictObject({ cron: v.string(), timezone: v.exactOptional(v.string()), ...anySchedule }),
    v.strictObject({ every: v.number(), ...anySchedule }),
  ]),
  v.readonly(),
);
/** When runs of a workflow begin, from its directive. Durations are in milliseconds. */
export type ScheduleInfo = v.InferOutput<typeof schedule>;

const functionInfo = v.pipe(
  v.variant("kind", [
    v.strictObject({
      kind: v.literal("task"),
      name: v.string(),
      at: position,
      options: v.exactOptional(taskOptions),
      flow: v.exactOptional(flow),
    }),
    v.strictObject({
      kind: v.literal("workflow"),
      name: v.string(),
      at: position,
      id: v.exactOptional(v.pipe(v.array(templatePart), v.readonly())),
      /** Whether the workflow can be called without an instance or a closure. Another process can then resume its runs by name. */
      recoverable: v.boolean(),
      /** It has no `id`, and more than its arguments distinguishes its calls: variables of a function around it, or its instance. */
      needsId: v.exactOptional(v.literal(true)),
      flow: v.exactOptional(flow),
      /** How long a run may take, in milliseconds. */
      timeout: v.exactOptional(v.number()),
      schedule: v.exactOptional(schedule),
    }),
    v.strictObject({ kind: v.literal("helper"), name: v.string(), at: position }),
  ]),
  v.readonly(),
);
export type FunctionInfo = v.InferOutput<typeof functionInfo>;

const place = [v.string(), v.number(), v.number()] as const;
/**
 * A durable call in the source, or a durable function passed as a value: the name of the function, line, and column. If another module defines the
 * function and the call hands it over (`at`): the `file` of that module, and the name of its package if that is another one.
 */
const siteInfo = v.pipe(
  v.union([
    v.strictTuple(place),
    v.strictTuple([...place, v.string()]),
    v.strictTuple([...place, v.string(), v.string()]),
  ]),
  v.readonly(),
);
export type SiteInfo = v.InferOutput<typeof siteInfo>;

const loopName = v.picklist(["for", "while", "do"]);
export type LoopName = v.InferOutput<typeof loopName>;

const list = <T extends v.GenericSchema>(
  item: T,
): v.SchemaWithPipe<readonly [v.ArraySchema<T, undefined>, v.ReadonlyAction<v.InferOutput<T>[]>]> =>
  v.pipe(v.array(item), v.readonly());

const moduleInfo = v.pipe(
  v.strictObject({
    /** Path relative to the project's root, with forward slashes. */
    file: v.string(),
    /** The `name` of the package.json in the root. It distinguishes files with the same path in two packages of one process. */
    package: v.exactOptional(v.string()),
    /** Hash of the code. Comments and layout do not affect it. */
    hash: v.string(),
    /** `file` of each compiled module that this one imports. */
    imports: list(v.string()),
    functions: list(functionInfo),
    loops: list(loopName),
    sites: list(siteInfo),
  }),
  v.readonly(),
);
/** Everything the compiler knows about one module. It is emitted with the module's code. */
export type ModuleInfo = v.InferOutput<typeof moduleInfo>;

const manifest = v.pipe(v.strictObject({ version: v.literal(1), modules: list(moduleInfo) }), v.readonly());
/** Everything a build knows about its modules. */
export type Manifest = v.InferOutput<typeof manifest>;

/**
 * Validates a manifest read from a file.
 *
 * @throws PerdureError `MANIFEST_INVALID` with the first problem and its path
 */
export function parseManifest(value: unknown, source: string): Manifest {
  const result = v.safeParse(manifest, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new PerdureError("MANIFEST_INVALID", { source, path: v.getDotPath(issue) ?? "", problem: issue.message });
}

export const formatLocation = (file: string, [line, column]: Position): string => `${file}:${line}:${column}`;
