import { PerdureError } from "@perdure/protocol";
import type { Encoded, RunRow, SignalRow, StepRow, StreamWrite, Write } from "@perdure/store";
import type { Code } from "../definitions/code.ts";
import type { NewRow } from "../history/call.ts";
import type { History } from "../history/history.ts";
import type { StepSlot } from "../queues/step-slot.ts";
import type { RecordedStreams } from "../streams/log.ts";
import { RunStreams, type StreamsOfRun, type StreamsOwner } from "../streams/run-streams.ts";
import { headlineOf } from "../values/describe.ts";
import type { Host } from "./host.ts";
import type { Idle } from "./idle.ts";
import { LiveStep, type PendingCall, type RunInMemory } from "./step.ts";

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type WriteBody = DistributiveOmit<Write, "run" | "epoch">;

/** What becomes of the run as a whole, or of a step that has not finished. */
export type RunWrite = Extract<WriteBody, { type: "step" | "finish" | "release" }>;

/** The run, as its engine sees it. */
export interface EngineRun extends RunInMemory {
  readonly hasEnded: boolean;
  /** A cancellation takes its place among the completions, as a checkpoint of its own. */
  cancel(reason: Encoded): void;
  /** The workflow has waited for something that is not durable for `stallTimeout`. */
  waitsOutside(): void;
  /** The checkpoint is durable. Its delivery takes its turn in the queue. */
  completed(checkpoint: StepRow): void;
}

/**
 * What an execution needs from below: something that executes steps, and keeps what has happened. After a crash the workflow gets the same
 * completions in the same order again (R2), and none before it is durable (R3). `Journal` is the engine of this process and its store.
 */
export interface Engine {
  /** Whether a checkpoint of this execution is durable. */
  readonly hasProgressed: boolean;
  /** Begins a step that has no checkpoint. @param open - what an earlier execution recorded of it */
  begin(call: PendingCall, open: StepRow | undefined): void;
  /** All completions are delivered, and all steps have begun: the run waits for the next completion. Also called when an attempt has ended. */
  next(): void;
  /** Makes a finished step durable. `then` gets the checkpoint. */
  checkpoint(step: NewRow, consume: SignalRow | undefined, then: (row: StepRow) => void, slot?: StepSlot): void;
  /** Makes an unfinished step, or the end or release of the run, durable, and then calls `then`. */
  write(write: RunWrite, then: () => void, slot?: StepSlot): void;
  /** Records what the run says of its progress: soon, or with the next write. */
  progress(value: Encoded): void;
  readonly streams: StreamsOfRun;
  /** What is recorded of the tasks that the task of this step called, each with the name that the present code has for it. */
  innerOf(step: string): { readonly row: StepRow; readonly name: string }[];
}

const NO_STREAMS: RecordedStreams = { heads: [], body: new Map() };

/** Milliseconds between two commits that contain nothing but progress. */
const PROGRESS_INTERVAL = 200;

/** Executes steps in this process, and writes what happens in a run to the store, each checkpoint under the run's next sequence number (R2, R3). */
export class Journal implements Engine {
  private readonly run: RunRow;
  private readonly host: Host;
  private readonly code: Code;
  private readonly history: History;
  private readonly writer: EngineRun;
  private readonly idle: Idle;
  readonly streams: RunStreams;
  private seq: number;
  /** Whether a checkpoint of this execution is durable. */
  hasProgressed = false;
  /** What the run last said of its progress, if that is not committed. */
  private said: Encoded | undefined;
  private saidAt = -Infinity;
  private sayLater: (() => void) | undefined;
  /** The code is recorded together with the first write under it, so that a run that is stopped before stays unchanged. */
  private isCodeRecorded: boolean;

  constructor(writer: EngineRun, code: Code, history: History, idle: Idle, recorded: RecordedStreams = NO_STREAMS) {
    this.run = writer.run;
    this.host = writer.host;
    this.code = code;
    this.history = history;
    this.writer = writer;
    this.idle = idle;
    this.seq = history.lastSeq;
    this.isCodeRecorded = history.change === undefined;
    const commit: StreamsOwner["commit"] = (write, done) => this.commitStream(write, done);
    const stop = (error: unknown): void => writer.stop(error);
    this.streams = new RunStreams({ run: this.run.id, host: this.host, commit, stop }, recorded);
  }

  private commitStream(write: StreamWrite, done: (error?: Error) => void): void {
    const { host, writer, run } = this;
    const failed = (reason: string): void =>
      done(new PerdureError("STREAM_NOT_WRITTEN", { stream: write.stream, run: run.id, reason }));
    if (writer.hasEnded) return failed("it is not executed here any more");
    if (!this.isCodeRecorded) this.recordCode();
    host.commit({ ...write, run: run.id, epoch: run.epoch }, (isOwned, error) => {
      if (isOwned === true) host.tails.written(run.id, write.stream);
      this.isRefused(isOwned, error);
      if (isOwned === true) done();
      else failed(isOwned === false ? "another process executes it" : `the store failed (${headlineOf(error)})`);
    });
  }

  begin(call: PendingCall, open: StepRow | undefined): void {
    call.live = new LiveStep(this.writer, call, open);
    call.live.begin();
  }

  /** Completions come on their own. A run that waits for long leaves memory. */
  next(): void {
    this.idle.watch();
  }

  innerOf(step: string): { readonly row: StepRow; readonly name: string }[] {
    return this.history.innerOf(step);
  }

  /** Commits a finished step; `then` gets the checkpoint, with its sequence number, once it is durable. */
  checkpoint(step: NewRow, consume: SignalRow | undefined, then: (row: StepRow) => void, slot?: StepSlot): void {
    if (this.writer.hasEnded) return;
    this.streams.settled(step);
    this.before();
    step.seq = ++this.seq;
    const { id: run, epoch } = this.run;
    const write: Write = consume ? { type: "step", run, epoch, step, consume } : { type: "step", run, epoch, step };
    this.host.commit(slot ? this.leaving(write, slot) : write, (isOwned, error) => {
      if (slot && isOwned !== true) slot.leave();
      if (this.isRefused(isOwned, error)) return;
      this.hasProgressed = true;
      then(step);
    });
  }

  /** Writes to the run; `then` is called once the write is durable. */
  write(write: WriteBody, then: () => void, slot?: StepSlot): void {
    if (this.writer.hasEnded) return;
    // of a cancelled run, the body may not have come to its end
    if (write.type === "finish" && write.status !== "cancelled") this.streams.ended();
    if (write.type !== "release") this.before();
    else {
      this.say();
      this.streams.flush();
    }
    this.commit(slot ? this.leaving(write, slot) : write, then, slot);
  }

  /** The write, with which the slot of the step is given back. */
  private leaving<W extends WriteBody>(write: W, slot: StepSlot): W {
    return slot.leavesWithWrite() ? { ...write, leaves: true } : write;
  }

  /** What is recorded together with a write. */
  private before(): void {
    if (this.said !== undefined) this.say();
    this.streams.flush();
    if (!this.isCodeRecorded) this.recordCode();
  }

  /** Commits the value soon, or with the next write. */
  progress(value: Encoded): void {
    this.said = value;
    const { clock } = this.host;
    this.sayLater ??= clock.at(Math.max(clock.now(), this.saidAt + PROGRESS_INTERVAL), () => this.say(), true);
  }

  private say(): void {
    this.sayLater?.();
    this.sayLater = undefined;
    const value = this.said;
    if (value === undefined || this.writer.hasEnded) return;
    this.said = undefined;
    this.saidAt = this.host.clock.now();
    this.commit({ type: "progress", value }, () => {});
  }

  private recordCode(): void {
    const { change } = this.history;
    if (this.isCodeRecorded || !change) return;
    this.isCodeRecorded = true;
    this.commit({ type: "code", code: this.code.fingerprint, modules: this.code.text, ...change }, () => {});
  }

  private commit(write: WriteBody, then: () => void, slot?: StepSlot): void {
    this.host.commit({ ...write, run: this.run.id, epoch: this.run.epoch } as Write, (isOwned, error) => {
      if (isOwned !== true) slot?.leave();
      if (!this.isRefused(isOwned, error)) then();
    });
  }

  /** Whether a write has come to nothing, or the execution has ended meanwhile. */
  private isRefused(isOwned: boolean | undefined, error: unknown): boolean {
    if (this.writer.hasEnded) return true;
    if (isOwned === false) this.writer.lose();
    else if (isOwned === undefined) this.writer.fail(error);
    return isOwned !== true;
  }
}
