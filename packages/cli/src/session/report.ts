import type { NewRun, RunRow, SignalRow, StepRow, Store, Write } from "perdure";
import { EXIT, Failure } from "./failure.ts";
import * as v from "valibot";

const text = v.string();
const number = v.number();
const optional = v.exactOptional;
const list = <T extends v.GenericSchema>(item: T) => v.pipe(v.array(item), v.readonly());

const step = v.object({
  id: text,
  kind: v.picklist(["task", "sleep", "signal", "child", "start", "cancel"]),
  state: v.picklist(["open", "completed", "failed"]),
  seq: optional(number),
  location: optional(text),
  inputHash: text,
  input: optional(text),
  target: optional(text),
  attempt: number,
  dueAt: optional(number),
  output: optional(text),
  failedAttempts: optional(text),
  startedAt: number,
  finishedAt: optional(number),
});

const run = v.object({
  id: text,
  workflow: text,
  file: text,
  status: v.picklist(["pending", "running", "waiting", "completed", "failed", "cancelled"]),
  input: text,
  inputHash: text,
  output: optional(text),
  code: text,
  codeSeq: number,
  codeHistory: optional(text),
  seed: text,
  parent: optional(text),
  tags: optional(list(text)),
  schedule: optional(text),
  trace: optional(text),
  queue: optional(v.object({ queue: text, key: text, rank: number, hold: optional(v.literal(true)) })),
  batch: optional(v.literal(true)),
  gathers: optional(v.object({ key: text, until: optional(number) })),
  beginBy: optional(number),
  endBy: optional(number),
  /** 0: it has not begun. */
  epoch: optional(number),
  progress: optional(text),
  wakeAt: optional(number),
  cancel: optional(text),
  blocked: optional(v.object({ error: text, message: text, code: text })),
  compensated: optional(v.literal(true)),
  unhandled: optional(list(text)),
  forkOf: optional(text),
  restarts: optional(number),
  createdAt: number,
  startedAt: optional(number),
  updatedAt: number,
});

const entry = v.variant("type", [
  v.object({
    type: v.literal("chunk"),
    index: v.number(),
    part: text,
    value: text,
    keep: optional(v.literal(true)),
  }),
  v.object({ type: v.literal("end"), index: v.number(), part: text }),
  v.object({ type: v.literal("error"), index: v.number(), part: text, value: text }),
  v.object({ type: v.literal("reset"), index: v.number(), part: optional(text), from: v.number() }),
]);

const report = v.object({
  /** Version of this format. */
  perdure: v.literal(1),
  runs: list(
    v.object({
      run,
      steps: list(step),
      signals: list(v.object({ name: text, payload: text })),
      streams: v.optional(list(v.object({ stream: text, entries: list(entry) }))),
    }),
  ),
  /** The code versions of the runs, by fingerprint. */
  codes: v.record(text, text),
});

/** Runs as a file: the rows of the store, without their owners. */
export type Report = v.InferOutput<typeof report>;
export type ReportedRun = Report["runs"][number];

/** @throws Failure `REPORT_INVALID` */
export function parseReport(contents: string, file: string): Report {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), report), contents, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Failure(
    EXIT.usage,
    "REPORT_INVALID",
    `${file} is not a file of perdure export: ${v.getDotPath(issue) ?? ""} ${issue.message}`,
  );
}

export type Redaction = "values" | "all";

/** Reads a run for a report. */
export async function reportedRun(store: Store, row: RunRow, redaction: Redaction | undefined): Promise<ReportedRun> {
  const [wakeup] = await store.wakeups([{ run: row.id, epoch: row.epoch }]);
  const { owner: _owner, leaseUntil: _lease, ...kept } = row;
  const streams = await streamsOf(store, row.id);
  return redacted(
    {
      run: v.parse(run, kept),
      steps: (await store.steps(row.id)).map((each) => v.parse(step, each)),
      signals: (wakeup?.signals ?? []).map(({ name, payload }) => ({ name, payload })),
      ...(streams.length > 0 && { streams }),
    },
    redaction,
  );
}

type ReportedStream = NonNullable<ReportedRun["streams"]>[number];

/** All entries of the streams of a run. */
async function streamsOf(store: Store, run: string): Promise<ReportedStream[]> {
  const streams: ReportedStream[] = [];
  for (const { stream, next } of (await store.streams?.(run)) ?? []) {
    const entries: ReportedStream["entries"][number][] = [];
    for (let from = 0; from < next; from = (entries.at(-1)?.index ?? next) + 1) {
      const page = await store.readStream?.({ run, stream, from, limit: 1_000 });
      if (!page || page.entries.length === 0) break;
      entries.push(...page.entries);
    }
    streams.push({ stream, entries });
  }
  return streams;
}

const HIDDEN = "[redacted]";
/** A text that every default codec decodes. */
const REDACTED = `1:["${HIDDEN}"]`;

/** Without values. Errors stay unless all is redacted. The random seed is a secret as well. */
function redacted(reported: ReportedRun, redaction: Redaction | undefined): ReportedRun {
  if (redaction === undefined) return reported;
  const isAll = redaction === "all";
  const { run: row, steps, signals, streams } = reported;
  const outcome = (isError: boolean, output: string | undefined): { readonly output?: string } =>
    output === undefined ? {} : { output: isError && !isAll ? output : REDACTED };
  return {
    run: {
      ...row,
      input: row.batch ? JSON.stringify([REDACTED]) : REDACTED,
      ...(row.queue && { queue: { ...row.queue, key: HIDDEN } }),
      ...(row.gathers && { gathers: { ...row.gathers, key: HIDDEN } }),
      seed: "redacted",
      ...outcome(row.status === "failed" || row.status === "cancelled", row.output),
      ...(row.progress !== undefined && { progress: REDACTED }),
      ...(row.cancel !== undefined && { cancel: REDACTED }),
      ...(row.blocked && isAll && { blocked: { ...row.blocked, message: HIDDEN } }),
    },
    steps: steps.map(({ failedAttempts, ...each }) => ({
      ...each,
      ...(failedAttempts !== undefined && !isAll && { failedAttempts }),
      ...outcome(each.state !== "completed", each.output),
      ...(each.input !== undefined && { input: REDACTED }),
    })),
    signals: signals.map(({ name }) => ({ name, payload: REDACTED })),
    ...(streams && {
      streams: streams.map(({ stream, entries }) => ({
        stream,
        entries: entries.map((each) =>
          each.type === "chunk" || (each.type === "error" && isAll) ? { ...each, value: REDACTED } : each,
        ),
      })),
    }),
  };
}

/**
 * Records a run of a report. False: a run with its id exists. One that has not ended is pending or waiting afterwards.
 * @throws Failure `REPORT_INVALID` when the store refuses a part of it; then nothing of it stays
 */
export async function record(
  store: Store,
  { run: row, steps, signals, streams = [] }: ReportedRun,
  codes: Report["codes"],
): Promise<boolean> {
  const { id, workflow, file, input, inputHash, code, codeSeq, codeHistory, seed, createdAt } = row;
  if (hasNotBegun(row) && steps.length === 0) return recordNew(store, row, signals, codes[code] ?? EMPTY);
  const versions = Object.keys(codes).filter((each) => each !== code);
  const start = versions[0] ?? code;
  const { created } = await store.createRun({
    id,
    workflow,
    file,
    input,
    inputHash,
    seed,
    createdAt,
    ...optionalFields(row),
    code: start,
    modules: codes[start] ?? EMPTY,
    lease: { owner: `import ${process.pid}`, ms: LEASE },
  });
  if (!created) return false;
  const of = { run: id, epoch: 1 };
  const history = codeHistory !== undefined && { codeHistory };
  const writes: Write[] = [
    ...[...versions, code].map((each): Write => ({
      ...of,
      type: "code",
      code: each,
      modules: codes[each] ?? EMPTY,
      codeSeq,
      ...history,
    })),
    ...steps.map((each): Write => ({ ...of, type: "step", step: each satisfies StepRow })),
    ...(store.readStream ? streams : [])
      .filter(({ entries }) => entries.length > 0)
      .map((each): Write => ({ ...of, type: "stream", ...each })),
    ...(row.progress === undefined ? [] : [{ ...of, type: "progress", value: row.progress } as const]),
  ];
  const answers = await store.commit(writes);
  const ends = await store.commit([endOf(row)]);
  if (![...answers, ...ends].every(Boolean)) {
    await store.delete({ run: id, force: true });
    throw new Failure(EXIT.no, "REPORT_INVALID", `the store refuses a part of the run ${id}`);
  }
  await deliver(store, row, signals);
  return true;
}

/** What the run was started with, and what it waits for. */
function optionalFields(row: ReportedRun["run"]): Partial<NewRun> {
  const { parent, tags, schedule, trace, forkOf, restarts, startedAt, queue, batch, gathers, beginBy, endBy } = row;
  return {
    ...(parent !== undefined && { parent }),
    ...(tags && { tags }),
    ...(schedule !== undefined && { schedule }),
    ...(trace !== undefined && { trace }),
    ...(queue && { queue }),
    ...(beginBy !== undefined && { beginBy }),
    ...(endBy !== undefined && { endBy }),
    ...((queue ?? batch ?? gathers) && { imported: { ...(batch && { batch }), ...(gathers && { gathers }) } }),
    ...(forkOf !== undefined && { forkOf }),
    ...(restarts !== undefined && { restarts }),
    ...(startedAt !== undefined && { startedAt }),
  };
}

/** Records a run that has not begun. The store decides when it does. False: a run with its id exists. */
async function recordNew(
  store: Store,
  row: ReportedRun["run"],
  signals: ReportedRun["signals"],
  modules: string,
): Promise<boolean> {
  const { id, workflow, file, input, inputHash, code, codeHistory, seed, createdAt, status, wakeAt } = row;
  const { created } = await store.createRun({
    id,
    workflow,
    file,
    input,
    inputHash,
    code,
    modules,
    seed,
    createdAt,
    ...optionalFields(row),
    ...(codeHistory !== undefined && { codeHistory }),
    ...(status === "waiting" && wakeAt !== undefined && { dueAt: wakeAt }),
  });
  if (created) await deliver(store, row, signals);
  return created;
}

const hasNotBegun = ({ epoch, status }: ReportedRun["run"]): boolean =>
  epoch === 0 && (status === "pending" || status === "waiting");

const EMPTY = `{"version":1,"modules":[]}`;
const LEASE = 60_000;

function endOf(row: ReportedRun["run"]): Write {
  const { id, status, output, unhandled = [], compensated, wakeAt, blocked, updatedAt: at } = row;
  const of = { run: id, epoch: 1 };
  if (status === "completed" || status === "failed" || status === "cancelled")
    return {
      ...of,
      type: "finish",
      status,
      output: output ?? REDACTED,
      unhandled,
      ...(compensated && { compensated }),
      at,
    };
  const waits = status === "waiting";
  return {
    ...of,
    type: "release",
    status: waits ? "waiting" : "pending",
    ...(wakeAt !== undefined && { wakeAt }),
    ...(blocked && { blocked }),
    at,
  };
}

async function deliver(
  store: Store,
  { id, cancel }: ReportedRun["run"],
  signals: readonly Pick<SignalRow, "name" | "payload">[],
): Promise<void> {
  for (const { name, payload } of signals) await store.deliver({ run: id, name, payload });
  if (cancel !== undefined) await store.cancel({ run: id, reason: cancel });
}
