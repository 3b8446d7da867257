import type { Sabotage } from "../bundle.ts";

const MEMORY = "store/src/memory";
const LOG = "runtime/src/streams/log.ts";
const WRITERS = "runtime/src/streams/run-streams.ts";
const JOURNAL = "runtime/src/execution/journal.ts";
const READABLE = "runtime/src/streams/readable.ts";
const TAILS = "runtime/src/streams/tails.ts";

const of = (file: string, line: string, instead: string): readonly Sabotage[] => [
  { subject: "streams", file, line, instead },
];

/** Faults of streams: the simulation has to find each. */
export const streamSabotages: Readonly<Record<string, readonly Sabotage[]>> = {
  "a process that has lost a run writes to its streams": of(
    `${MEMORY}/writes.ts`,
    `const run = ownedRun(memory.runs, write.run, write.epoch);`,
    `const run = write.type === "stream" ? memory.runs.get(write.run) : ownedRun(memory.runs, write.run, write.epoch);`,
  ),
  "the chunks of an attempt that is made again stay": of(
    LOG,
    `if (first !== undefined) this.reset(part, first);`,
    `if (first !== undefined) this.parts.delete(part);`,
  ),
  "indexes are counted anew after a take-over": of(LOG, `this.next = head?.next ?? 0;`, `this.next = 0;`),
  "an index is given twice": of(
    `${MEMORY}/streams.ts`,
    `if (!first || first.index < stream.next) return false;`,
    `if (!first) return false;`,
  ),
  "a run ends before its last chunks are written": of(
    JOURNAL,
    `if (write.type !== "release") this.before();`,
    `if (write.type === "finish") this.say();
    else if (write.type !== "release") this.before();`,
  ),
  "a step is recorded before its chunks": of(
    JOURNAL,
    `    this.streams.settled(step);
    this.before();`,
    `    this.streams.settled(step);`,
  ),
  "the end of a stream is written before its last chunks": of(
    LOG,
    `    if (pending.length > 0) this.pending = [];
    return pending;`,
    `    const ends = pending.filter(({ type }) => type === "end");
    this.pending = ends.length > 0 && ends.length < pending.length ? pending.filter(({ type }) => type !== "end") : [];
    return ends.length > 0 ? ends : pending;`,
  ),
  "a stream is closed before its chunks are durable": of(
    WRITERS,
    `if (!this.failure && this.durable === this.accepted) return undefined;`,
    `if (!this.failure) return undefined;`,
  ),
  "a replay writes again what the body has written": of(
    LOG,
    `if (part === "" && this.replays("chunk", value, chunk)) return;`,
    ``,
  ),
  "what the body has not written again stays": of(
    LOG,
    `    this.body.length = this.replayed;
    this.reset("", next.index);`,
    `    this.body.length = this.replayed;`,
  ),
  "an attempt voids chunks that are to be kept": of(
    LOG,
    `.get(part)?.keep && { keep: true }`,
    `.get(part)?.keep && {}`,
  ),
  "an attempt that has ended can write": of(
    "runtime/src/steps/inner-tasks.ts",
    `if (late || (active && !this.isOver)) return late;`,
    `if (late || name.includes("stream") || (active && !this.isOver)) return late;`,
  ),
  "what a task has written that begins anew under another id stays": of(
    LOG,
    `if (this.parts.get(step)?.keep === false) this.void(step);`,
    ``,
  ),
  "a reader who continues does not hear that earlier chunks are void": of(
    READABLE,
    `if (last < from && this.from <= from) return undefined;`,
    `if (last < from) return undefined;`,
  ),
  "a reader gets the end of a run before its last chunks": of(
    TAILS,
    `entries.length === 0 && isFinal(status)`,
    `isFinal(status)`,
  ),
  "a reader does not look again at what other processes write": of(
    TAILS,
    `tail.cancelTimer = clock.at(clock.now() + settings.pollInterval, () => this.changed(tail));`,
    `void [clock, settings];`,
  ),
  "a reader does not look at a run that its process is about to claim": of(
    "runtime/src/process/runtime.ts",
    `return this.runs.get(run) !== undefined;`,
    `return this.runs.has(run);`,
  ),
  "chunks wait for the next step": of(
    WRITERS,
    `const timer = setTimer(() => this.flush(), wait);`,
    `const timer = setTimer(() => {}, wait);`,
  ),
  "a step is recorded, though the write of its chunks has failed": of(
    "runtime/src/storage/batches.ts",
    `if (key !== undefined) failed.set(key, error);`,
    ``,
  ),
  "a restart leaves the chunks of the run": of(
    `${MEMORY}/requests.ts`,
    `restartStreams(run.streams);`,
    `void restartStreams;`,
  ),
};
