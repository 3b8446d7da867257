import type { RunRow, StepRow, StreamWrite, Write } from "../../../packages/store/src/contract.ts";
import type { StreamPage, StreamRow } from "../../../packages/store/src/streams.ts";
import { hasEnded } from "../../../packages/store/src/index.ts";
import type { ValueStore } from "../../../packages/runtime/src/values/codec.ts";
import type { StoreMethod } from "../../../packages/store/src/wrap-store.ts";
import type { VirtualProcess } from "../process.ts";
import type { Spoken, Told } from "../programs/stage.ts";
import type { Truth } from "../witness.ts";
import type { Reports } from "../flow/attempts.ts";
import { Recorded, type Received } from "./recorded.ts";

/** What a task writes: which attempt it is of all that the step ever had, under which epoch, and the place of the chunk in it. */
export interface TaskChunk {
  readonly serial: number;
  readonly epoch: number;
  readonly n: number;
}

/** An end of a run, or of a stream, that readers may get: how, and where the stream was. */
interface End {
  readonly how: "completed" | "failed" | "cancelled" | "end" | "error";
  readonly message: string;
  readonly next: number;
}

/** What the runs of a batch were like before it. */
interface Before {
  readonly row: RunRow | undefined;
  readonly finished: Set<string>;
}

const keyOf = (run: string, stream: string): string => `${run}\n${stream}`;
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const endOf = ({ epoch, restarts, status, output }: RunRow): unknown => [epoch, restarts, status, output];
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Sees what is written to streams, and says what they and their readers must not come to. */
export class StreamsWitness {
  private readonly truth: Truth;
  private readonly reports: Reports;
  private readonly values: ValueStore;
  private readonly streams = new Map<string, Recorded>();
  /** The ends of runs, by run. */
  private readonly ends = new Map<string, { readonly row: RunRow; readonly nexts: ReadonlyMap<string, number> }[]>();
  private readonly batches = new Set<string>();
  private before = new Map<string, Before>();
  /** The latest attempt that began, by run, step and epoch. */
  private readonly latest = new Map<string, number>();
  /** Chunks that a reader has received. */
  readonly heard = new Set<string>();

  constructor(truth: Truth, reports: Reports, values: ValueStore) {
    this.truth = truth;
    this.reports = reports;
    this.values = values;
  }

  recorded(run: string, stream: string): Recorded {
    const key = keyOf(run, stream);
    const found = this.streams.get(key) ?? new Recorded();
    this.streams.set(key, found);
    return found;
  }

  // --- writers

  begins(run: string, step: string, epoch: number, serial: number): void {
    this.latest.set(`${run}\n${step}\n${epoch}`, serial);
  }

  /** `close()` has told a task that all its chunks are durable. */
  closed(run: string, stream: string, step: string, serial: number, chunks: number): void {
    const { entries } = this.recorded(run, stream);
    const own = entries.filter((each) => each.type === "chunk" && each.part === step && this.serialOf(each) === serial);
    if (own.length !== chunks)
      this.reports.problem(`${run} ${step} was told that its ${chunks} chunks are durable, of which ${own.length} are`);
  }

  // --- calls of the store

  reaches(method: StoreMethod, args: readonly unknown[]): void {
    this.before = new Map();
    if (method !== "commit") return;
    for (const { run } of args[0] as Write[]) {
      const finished = this.truth.steps(run).flatMap(({ id, state }) => (state === "open" ? [] : [id]));
      this.before.set(run, { row: this.truth.row(run), finished: new Set(finished) });
    }
  }

  performed(process: VirtualProcess, method: StoreMethod, args: readonly unknown[], answer: unknown): void {
    if (method === "restart" && answer === true) this.restarted((args[0] as { readonly run: string }).run);
    if (method !== "commit") return;
    const [writes, batch] = args as [Write[], string];
    if (this.batches.has(batch)) return; // it was done before, and is answered again
    this.batches.add(batch);
    writes.forEach((write, index) => this.wrote(process, write, (answer as boolean[])[index] === true));
    for (const { run } of writes) this.checkStreams(run);
  }

  private restarted(run: string): void {
    for (const [key, stream] of this.streams)
      if (key.startsWith(`${run}\n`) && stream.next > 0) stream.add({ index: stream.next, type: "reset", from: 0 });
    this.checkStreams(run);
  }

  private wrote(process: VirtualProcess, write: Write, isAccepted: boolean): void {
    const before = this.before.get(write.run);
    if (write.type === "stream") this.appended(process, write, isAccepted, before);
    if (!isAccepted || !before) return;
    if (write.type === "step" && write.step.state !== "open") {
      before.finished.add(write.step.id);
      this.stepEnded(write.run, write.epoch, write.step);
    }
    if (write.type === "finish") {
      if (write.status === "completed") this.completed(write.run, write.output);
      this.before.set(write.run, { ...before, row: undefined });
    }
    if (write.type === "release") this.before.set(write.run, { ...before, row: undefined });
  }

  /** The owner of a run can write, and nobody else. */
  private appended(
    { name }: VirtualProcess,
    { run, epoch, stream, entries }: StreamWrite & { readonly run: string; readonly epoch: number },
    isAccepted: boolean,
    before: Before | undefined,
  ): void {
    const what = `${name} to ${run} ${stream}: ${entries.map(({ index, type }) => `${type} ${index}`).join(", ")}`;
    this.reports.say(
      name,
      `stream ${run}@${epoch} ${stream} ${entries.map(short).join(" ")}${isAccepted ? "" : " REFUSED"}`,
    );
    const isOwner = before?.row?.owner !== undefined && before.row.epoch === epoch;
    const recorded = this.recorded(run, stream);
    // after an error that did not say whether it was done, it is sent again
    const isDone = recorded.entries.some((each) => short(each) === short(entries[0] ?? each));
    if (isAccepted !== (isOwner && !isDone))
      return this.reports.problem(
        `${isOwner ? "refused to its owner" : "accepted of one that does not own the run"}, ${what}`,
      );
    if (!isAccepted) return;
    for (const entry of entries) {
      if (entry.index < recorded.next) this.reports.problem(`an index was given twice, ${what}`);
      recorded.add(entry);
      if (entry.type === "reset") this.reports.counts.resets++;
      if (entry.type !== "chunk") continue;
      this.reports.counts.chunks++;
      if (before?.finished.has(entry.part) === true)
        this.reports.problem(`after the end of the step ${entry.part}, ${what}`);
      if (entry.part !== "" && this.chunkOf(entry).epoch !== epoch)
        this.reports.problem(`the chunk of another execution, ${what}`);
    }
  }

  // --- what is recorded, after each commit

  private checkStreams(run: string): void {
    for (const [key, recorded] of this.streams) {
      const [of, stream = ""] = key.split("\n");
      if (of !== run) continue;
      const page = this.truth.store.readStream?.({ run, stream, from: 0, limit: 1e6 }) as StreamPage;
      if (!same(page.entries.map(short), recorded.present.map(short)) || page.next !== recorded.next)
        this.reports.problem(
          `${run} ${stream} has ${page.entries.map(short).join(" ")}, not ${recorded.present.map(short).join(" ")}`,
        );
      for (const part of recorded.parts) this.checkPart(`${run} ${stream}`, recorded, part);
      this.checkRenewed(`${run} ${stream}`, recorded);
    }
  }

  /** A writer's chunks: of the body all from the first one, of a task those of one attempt, or with `keep` of one after the other. */
  private checkPart(what: string, recorded: Recorded, part: string): void {
    const chunks = recorded.chunksOf(part);
    let last = { serial: 0, n: -1 };
    for (const each of chunks) {
      const { serial = 0, n } = this.chunkOf(each);
      const follows = serial === last.serial ? n === last.n + 1 : serial > last.serial && n === 0;
      const isFirst = last.n === -1 && n === 0;
      const isKept = last.n === -1 || serial === last.serial || each.keep === true;
      if (!(isFirst || follows) || !isKept) {
        const all = chunks.map((chunk) => `${chunk.index}:${this.serialOf(chunk)}.${this.chunkOf(chunk).n}`);
        return this.reports.problem(`${what} has these chunks of ${part || "the body"}: ${all.join(" ")}`);
      }
      last = { serial, n };
    }
  }

  /** A task that a task called, and that begins anew, has another id. Nothing is left of what it wrote before. */
  private checkRenewed(what: string, recorded: Recorded): void {
    const ids = new Map<string, string>();
    for (const part of recorded.parts) {
      if (recorded.chunksOf(part).length === 0) continue;
      const call = part.replaceAll(/~\d+/g, "");
      const other = ids.get(call);
      if (other !== undefined)
        this.reports.problem(`${what} has chunks of ${other} and of ${part}, which is that task anew`);
      ids.set(call, part);
    }
  }

  /** What a step has written is recorded before, or with it. */
  private stepEnded(run: string, epoch: number, { id, state, output = "" }: StepRow): void {
    const latest = this.latest.get(`${run}\n${id}\n${epoch}`);
    const told = state === "completed" ? (this.values.decode(output) as Partial<Told> | undefined) : undefined;
    for (const [key, recorded] of this.streams) {
      if (!key.startsWith(`${run}\n`)) continue;
      const own = recorded.chunksOf(id);
      const serial = told?.serial ?? latest; // undefined: the task was cancelled before another attempt
      const strange = own.find((each) => each.keep !== true && this.serialOf(each) !== (serial ?? this.serialOf(each)));
      if (strange)
        this.reports.problem(`${run} ${id} has ended, and its chunk ${strange.index} is of an earlier attempt`);
    }
    if (told?.stream === undefined) return;
    const { stream, serial, chunks = 0, isClosed = false, after = 0 } = told;
    const recorded = this.recorded(run, stream);
    const count = recorded.chunksOf(id).filter((each) => this.serialOf(each) === serial).length;
    if (count !== chunks)
      this.reports.problem(`${run} ${id} has ended, and ${count} of its ${chunks} chunks are recorded`);
    const hasEnd = recorded.present.some(({ type, part }) => type === "end" && part === id);
    if (hasEnd !== isClosed) this.reports.problem(`${run} ${id} has ended, and ${isClosed ? "not " : ""}its stream`);
    const said = recorded.chunksOf("").length;
    if (said < after)
      this.reports.problem(`${run} ${id} was called after ${after} chunks, of which ${said} are recorded`);
  }

  /** The body has written what it says, and no more. */
  private completed(run: string, output: string): void {
    const { said = {} } = this.values.decode(output) as { readonly said?: Readonly<Record<string, readonly string[]>> };
    for (const [stream, texts] of Object.entries(said)) {
      const found = this.recorded(run, stream)
        .chunksOf("")
        .map((each) => (this.chunkOf(each) as unknown as Spoken).text);
      if (!same(found, texts))
        this.reports.problem(
          `${run} has completed, and its body's chunks in ${stream} are ${found.join()}, not ${texts.join()}`,
        );
    }
  }

  private chunkOf({ value }: { readonly value: string }): TaskChunk {
    return this.values.decode(value) as TaskChunk;
  }

  private serialOf(chunk: { readonly value: string }): number {
    return this.chunkOf(chunk).serial ?? 0;
  }

  // --- readers

  /** Remembers how runs end: any call may have ended one. */
  look(runs: Iterable<string>): void {
    for (const run of runs) {
      const row = this.truth.row(run);
      const ends = this.ends.get(run) ?? [];
      const last = ends.at(-1)?.row;
      if (!row || !hasEnded(row) || same(last && endOf(last), endOf(row))) continue;
      const own = [...this.streams].filter(([key]) => key.startsWith(`${run}\n`));
      ends.push({ row, nexts: new Map(own.map(([key, { next }]) => [key, next])) });
      this.ends.set(run, ends);
    }
  }

  /** What a reader is told by the end of a stream, if it may be told that. */
  problemOfEnd(
    run: string,
    stream: string,
    has: readonly Received[],
    from: number,
    failure: { readonly error: unknown } | undefined,
  ): string | undefined {
    const recorded = this.recorded(run, stream);
    const isCancelled = failure?.error instanceof Error && failure.error.name === "CancelledError";
    const problems = this.endsOf(run, stream).map(({ how, message, next }) => {
      const isTold =
        how === "completed" || how === "end"
          ? !failure
          : failure && (how === "cancelled" ? isCancelled : messageOf(failure.error) === message);
      return isTold ? recorded.problemOf(has, from, next) : `${how} ${message}`;
    });
    return problems.includes(undefined) ? undefined : problems.join("; ") || "it has not ended";
  }

  private endsOf(run: string, stream: string): End[] {
    const ofRun = (this.ends.get(run) ?? []).map(({ row, nexts }): End => {
      const message = row.status === "completed" ? "" : messageOf(this.values.decode(row.output ?? ""));
      return { how: row.status as "completed", message, next: nexts.get(keyOf(run, stream)) ?? 0 };
    });
    const ofStream = this.recorded(run, stream).entries.flatMap((each): End[] => {
      const next = each.index + 1;
      if (each.type === "end") return [{ how: "end", message: "", next }];
      return each.type === "error" ? [{ how: "error", message: messageOf(this.values.decode(each.value)), next }] : [];
    });
    return [...ofRun, ...ofStream];
  }
}

/** In short: `3:…` is a chunk, `4!2` a reset from 2. */
function short(each: StreamRow): string {
  if (each.type === "reset") return `${each.index}!${each.from} ${each.part ?? "all"};`;
  const value = "value" in each ? each.value.slice(0, 60) : "";
  return `${each.index} ${each.type} ${"keep" in each ? "kept " : ""}of ${each.part || "body"} ${value};`;
}
