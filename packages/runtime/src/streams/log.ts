import { PerdureError } from "@perdure/protocol";
import type { Encoded, StreamHead, StreamRow } from "@perdure/store";
import type { StreamSettings } from "../config/stream-options.ts";
import type { ValueStore } from "../values/codec.ts";
import { guarded } from "../values/describe.ts";
import { fullFingerprint } from "../values/fingerprint.ts";

/** Who writes to a stream: an attempt of a task, or the body of the workflow. */
export interface StreamSource {
  /** The id of the step; empty for the body. */
  readonly part: string;
  /** The number of the attempt; 0 for the body. */
  readonly attempt: number;
  /** The error for what comes too late. `what` is what was called. */
  refusal(what: string): Error | undefined;
}

/** What is recorded of the streams of a run that an execution begins with. */
export interface RecordedStreams {
  readonly heads: readonly StreamHead[];
  /** What the body has written, by stream. */
  readonly body: ReadonlyMap<string, readonly StreamRow[]>;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type NewRow = DistributiveOmit<StreamRow, "index">;

/** How a writer ends a stream. */
type Ending = { readonly type: "end" } | { readonly type: "error"; readonly value: Encoded };

/** What one writer has in a stream. */
interface Part {
  /** The attempt that writes, or has written last. 0: one of an earlier execution. */
  readonly attempt: number;
  /** Its first entry. */
  first?: number;
  bytes: number;
  readonly keep: boolean;
  /** The stream ends with this if the step ends with this attempt. */
  ending?: Ending | undefined;
}

interface LogOwner {
  readonly run: string;
  readonly settings: StreamSettings;
  readonly values: ValueStore;
  /** Entries are to be committed. */
  added(bytes: number): void;
}

/** What an entry costs besides its value. */
const OVERHEAD = 64;

/**
 * One stream of a run, at its owner, who gives the indexes. The body of a workflow is deterministic: what it writes in a replay is what it has
 * written before, and is not written again. Where it differs, since the run is tried again from a failure or the code has changed, what was recorded from there on is void.
 */
export class StreamLog {
  readonly name: string;
  private readonly owner: LogOwner;
  private next: number;
  private bytes: number;
  private readonly parts = new Map<string, Part>();
  /** Who has ended the stream, and the index of the entry, if that is written. */
  private end: { readonly part: string; readonly index?: number } | undefined;
  /** Recorded entries of the body, and how many of them it has written again. */
  private readonly body: StreamRow[];
  private replayed = 0;
  private pending: StreamRow[] = [];

  constructor(owner: LogOwner, name: string, head?: StreamHead, body: readonly StreamRow[] = []) {
    this.owner = owner;
    this.name = name;
    this.next = head?.next ?? 0;
    this.bytes = head?.bytes ?? 0;
    this.body = body.filter(({ type }) => type !== "reset");
    const chunks = head?.parts.reduce((sum, part) => sum + part.chunks, 0) ?? 0;
    for (const { part, first, chunks: own, keep = false, endedAt } of head?.parts ?? []) {
      // nobody has counted the bytes of each part
      const bytes = chunks === 0 ? 0 : Math.round((this.bytes * own) / chunks);
      this.parts.set(part, { attempt: 0, first, bytes, keep });
      if (endedAt !== undefined) this.end = { part, index: endedAt };
    }
  }

  /** An attempt is about to write, or not: what an earlier one has written is void, unless it is kept. */
  open({ part, attempt }: StreamSource, keep: boolean): void {
    const found = this.parts.get(part);
    if (found?.attempt === attempt) return void this.parts.set(part, { ...found, keep });
    if (found && !keep) this.void(part);
    else if (this.end?.part === part) this.reopen(part);
    const { first, bytes } = this.parts.get(part) ?? { bytes: 0 };
    this.parts.set(part, { attempt, bytes, keep, ...(first !== undefined && { first }) });
  }

  /** @throws PerdureError `VALUE_NOT_STORABLE`, `STREAM_TOO_LARGE`, `STREAM_CLOSED`, `CALL_AFTER_END` */
  write(source: StreamSource, chunk: unknown): void {
    const { part } = source;
    const { values, settings, run } = this.owner;
    const value = values.encode(chunk, `the stream "${this.name}" was given`, () => placeOf(part, run));
    if (part === "" && this.replays("chunk", value, chunk)) return;
    this.assertWritable(source);
    const size = Buffer.byteLength(value);
    const tooLarge = (option: "chunkBytes" | "streamBytes", found: number): PerdureError =>
      new PerdureError("STREAM_TOO_LARGE", { stream: this.name, run, option, size: found, limit: settings[option] });
    if (size > settings.chunkBytes) throw tooLarge("chunkBytes", size);
    if (this.bytes + size > settings.streamBytes) throw tooLarge("streamBytes", this.bytes + size);
    this.add({ type: "chunk", part, value, ...(this.parts.get(part)?.keep && { keep: true }) }, size);
  }

  /**
   * Ends the stream. If a task does, its readers hear of it when the task has ended: if they did before, they would not hear that another attempt is made.
   * @throws PerdureError `STREAM_CLOSED`, `CALL_AFTER_END`
   */
  endWith(source: StreamSource, ending: Ending): void {
    const { part } = source;
    if (part === "" && this.replays(ending.type)) return;
    this.assertWritable(source);
    const found = this.parts.get(part);
    if (part === "" || !found) return this.add({ ...ending, part });
    found.ending = ending;
    if (ending.type === "end") this.end = { part };
  }

  /**
   * The step has ended with this attempt.
   * @param mayBeRenewed - whether it may begin anew under another id
   */
  settled(step: string, attempt: number, mayBeRenewed: boolean): void {
    const found = this.parts.get(step);
    if (!found) return;
    const { ending } = found;
    found.ending = undefined;
    if (found.attempt !== attempt && !found.keep) return this.void(step);
    if (this.end?.part === step && this.end.index === undefined) this.end = undefined;
    if (ending && found.attempt === attempt && !mayBeRenewed && !this.end) this.add({ ...ending, part: step });
  }

  /** The entries of a step that begins anew under another id are void, unless they are kept. */
  renewed(step: string): void {
    if (this.parts.get(step)?.keep === false) this.void(step);
  }

  /** The body has ended: what it has not written again is void. */
  ended(): void {
    const next = this.body[this.replayed];
    if (!next) return;
    this.body.length = this.replayed;
    this.reset("", next.index);
  }

  /** Takes the entries that are to be committed. */
  take(): readonly StreamRow[] {
    const { pending } = this;
    if (pending.length > 0) this.pending = [];
    return pending;
  }

  /** Whether the body has written this before. If it has written something else, that is void. */
  private replays(type: StreamRow["type"], text?: Encoded, chunk?: unknown): boolean {
    const recorded = this.body[this.replayed];
    if (!recorded) return false;
    if (recorded.type === type && (recorded.type !== "chunk" || this.isSame(recorded.value, text ?? "", chunk))) {
      this.replayed++;
      return true;
    }
    this.ended();
    return false;
  }

  /** Whether two texts stand for one value. Those of an error differ in its stack. */
  private isSame(recorded: Encoded, text: Encoded, chunk: unknown): boolean {
    if (recorded === text) return true;
    const value = guarded(() => this.owner.values.decode(recorded), undefined);
    return fullFingerprint(value, recorded) === fullFingerprint(chunk, text);
  }

  private assertWritable(source: StreamSource): void {
    const refusal = source.refusal(`a write to the stream "${this.name}"`);
    if (refusal) throw refusal;
    const { end } = this;
    if (!end) return;
    // the body has ended the stream after a failure from which the run is tried again, and has not come there
    const last = this.body.at(-1);
    if (end.part === "" && this.replayed < this.body.length && last?.index === end.index) {
      this.body.pop();
      return this.reopen("");
    }
    const by = end.part === "" ? "the workflow" : end.part === source.part ? "the task itself" : `step ${end.part}`;
    throw new PerdureError("STREAM_CLOSED", { stream: this.name, run: this.owner.run, by });
  }

  private void(part: string): void {
    const first = this.parts.get(part)?.first;
    if (first !== undefined) this.reset(part, first);
    else if (this.end?.part === part) this.end = undefined;
  }

  /** The part has ended the stream, and continues. */
  private reopen(part: string): void {
    const index = this.end?.index;
    if (index !== undefined) this.reset(part, index);
    else this.end = undefined;
  }

  private reset(part: string, from: number): void {
    const found = this.parts.get(part);
    this.add({ type: "reset", part, from });
    if (this.end?.part === part && (this.end.index ?? from) >= from) this.end = undefined;
    if (found?.first === undefined || found.first < from) return;
    this.bytes -= found.bytes;
    this.parts.delete(part);
  }

  private add(row: NewRow, size = "value" in row ? Buffer.byteLength(row.value) : 0): void {
    const index = this.next++;
    this.pending.push({ ...row, index });
    if (row.type !== "reset") {
      const found = this.parts.get(row.part) ?? { attempt: 0, bytes: 0, keep: false };
      found.first ??= index;
      found.bytes += size;
      this.parts.set(row.part, found);
      this.bytes += size;
      if (row.type !== "chunk") this.end = { part: row.part, index };
    }
    this.owner.added(size + OVERHEAD);
  }
}

const placeOf = (part: string, run: string): string => `${part === "" ? "" : `step ${part} of `}run ${run}`;
