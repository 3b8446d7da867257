import * as v from "valibot";
import type { ActionName } from "../api.ts";
import { refusal } from "./refusal.ts";

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(100_000));
const number = v.pipe(v.string(), v.regex(/^\d{1,15}$/u, "a whole number from 0"), v.transform(Number));
const limit = (most: number, standard: number): v.GenericSchema<string | undefined, number> =>
  v.optional(v.pipe(number, v.minValue(1), v.maxValue(most)), String(standard));
const date = v.pipe(
  number,
  v.transform((at) => new Date(at)),
);
const status = v.picklist(["pending", "running", "waiting", "completed", "failed", "cancelled", "blocked"]);

export const runsQuery = v.strictObject({
  status: v.optional(v.array(status)),
  workflow: v.optional(v.array(text)),
  tag: v.optional(v.array(text)),
  search: v.optional(text),
  parent: v.optional(text),
  schedule: v.optional(text),
  "created-after": v.optional(date),
  "created-before": v.optional(date),
  after: v.optional(text),
  limit: limit(10_000, 200),
});
export const runQuery = v.strictObject({ id: text });
export const stepsQuery = v.strictObject({ run: text, after: v.optional(number, "0"), limit: limit(10_000, 1_000) });
export const stepQuery = v.strictObject({ run: text, id: text });
export const conversationQuery = v.strictObject({ run: text });
export const workflowQuery = v.strictObject({ name: text });
export const queueQuery = v.strictObject({ name: text, limit: limit(10_000, 200) });
export const waitingQuery = v.strictObject({ after: v.optional(text), limit: limit(500, 100) });
export const changesQuery = v.strictObject({
  run: v.optional(text),
  queue: v.optional(text),
  after: v.optional(number, "0"),
});
export const noQuery = v.strictObject({});

const run = { run: text };
const force = { force: v.exactOptional(v.boolean()) };
export const bodies = {
  retry: v.strictObject({ ...run, ...force }),
  restart: v.strictObject(run),
  cancel: v.strictObject({ ...run, reason: v.exactOptional(text) }),
  unblock: v.strictObject(run),
  fork: v.strictObject({ ...run, from: text, id: v.exactOptional(text) }),
  delete: v.strictObject({ ...run, ...force }),
  signal: v.strictObject({ ...run, name: text, payload: v.exactOptional(v.unknown()) }),
} satisfies Record<ActionName, v.GenericSchema>;

export const scheduleBody = v.strictObject({ schedule: text });

/** The input, if it is as the schema wants it. */
export function checked<S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw refusal(400, "REQUEST_INVALID", `${v.getDotPath(issue) ?? "the request"}: ${issue.message}`);
}

const LISTS = new Set(["status", "workflow", "tag"]);

/** The query of a URL: the parameters that may be given several times are lists. */
export function queryOf(url: string): Record<string, string | string[]> {
  const { searchParams } = new URL(url);
  return Object.fromEntries(
    [...new Set(searchParams.keys())].map((key) => [
      key,
      LISTS.has(key) ? searchParams.getAll(key) : (searchParams.get(key) ?? ""),
    ]),
  );
}
