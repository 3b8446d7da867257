import { getRun, type StreamEntry } from "perdure";
import { PerdureError } from "@perdure/protocol";
import { hasEnded } from "../../../packages/store/src/index.ts";
import type { ValueStore } from "../../../packages/runtime/src/values/codec.ts";
import type { Choices } from "../../random-programs/choices.ts";
import type { EventLoop, Time } from "../event-loop.ts";
import { isExpected } from "../network.ts";
import type { VirtualProcess } from "../process.ts";
import type { Truth } from "../witness.ts";
import type { Reports } from "../flow/attempts.ts";
import { isVoid, type Received } from "./recorded.ts";
import type { StreamsWitness, TaskChunk } from "./witness.ts";

interface World {
  readonly time: Time;
  readonly random: Choices;
  readonly outside: EventLoop;
  readonly truth: Truth;
  readonly observer: Reports;
  readonly streams: StreamsWitness;
  readonly alive: readonly VirtualProcess[];
  readonly isHealed: boolean;
}

/** A reader's connection to a process. */
interface Connection {
  readonly process: VirtualProcess;
  readonly controller: AbortController;
}

type Chunk = Received & { readonly part?: string };

/** Somebody who reads a stream through one process after the other: a browser, behind a load balancer. */
interface Reader {
  readonly name: string;
  readonly run: string;
  readonly stream: string;
  /** `values`: it gets no indexes, and begins anew when it is cut off. */
  readonly kind: "entries" | "values";
  readonly from: number;
  next: number;
  has: Chunk[];
  connection: Connection | undefined;
  isOver: boolean;
}

/** Milliseconds between two looks at connections. */
const LOOK_INTERVAL = 500;
const MOST_READERS = 12;

const isReset = (error: unknown): boolean => error instanceof PerdureError && error.code === "STREAM_RESET";

/** Those who read streams. They are cut off at random, and continue where they were. */
export class Readers {
  private readonly world: World;
  private readonly values: ValueStore;
  private readonly streamsOf: (run: string) => readonly string[];
  private readonly readers: Reader[] = [];

  /** @param streamsOf - the streams that a run may have */
  constructor(world: World, values: ValueStore, streamsOf: (run: string) => readonly string[]) {
    this.world = world;
    this.values = values;
    this.streamsOf = streamsOf;
    this.watch();
  }

  open(run: string): void {
    const { random, observer } = this.world;
    const streams = this.streamsOf(run);
    if (streams.length === 0 || this.readers.length >= MOST_READERS) return;
    const kind = random.chance(25) ? "values" : "entries";
    this.begin(run, random.pick(streams), kind, kind === "entries" ? random.pick([0, 0, 0, 2, 7]) : 0);
    observer.counts.readers++;
  }

  private begin(run: string, stream: string, kind: Reader["kind"], from: number): void {
    const name = `reader ${this.readers.length + 1}`;
    const reader: Reader = { name, run, stream, kind, from, next: from, has: [], connection: undefined, isOver: false };
    this.readers.push(reader);
    this.connect(reader);
  }

  // --- connections

  private connect(reader: Reader, wait = 0): void {
    const { outside, time, random, truth } = this.world;
    outside.at(time.now + wait, () => {
      const { alive, isHealed } = this.world;
      const able = alive.filter(({ isClosing, isPaused }) => !isClosing && !isPaused);
      if (reader.isOver || reader.connection) return;
      if (isHealed && !truth.row(reader.run)) return this.connect(reader, 5000);
      if (able.length === 0) return this.connect(reader, LOOK_INTERVAL);
      const connection = { process: random.pick(able), controller: new AbortController() };
      reader.connection = connection;
      connection.process.enter();
      const count = isHealed || random.chance(30) ? Infinity : random.pick([1, 1, 2, 5, 20]);
      this.say(reader, `reads ${reader.run} ${reader.stream} from ${reader.next} through ${connection.process.name}`);
      void this.attend(reader, connection, count);
      if (!isHealed && random.chance(40))
        outside.at(time.now + random.pick([50, 3000, 20_000]), () => this.interrupt(reader, connection));
    });
  }

  /** The network cuts the reader off. */
  private interrupt(reader: Reader, connection: Connection): void {
    if (reader.connection !== connection || this.world.isHealed) return;
    this.cut(reader);
    if (connection.process.isGone || connection.process.isPaused) return;
    connection.process.enter();
    connection.controller.abort();
  }

  private cut(reader: Reader): void {
    reader.connection = undefined;
    if (reader.isOver) return;
    this.world.observer.counts.cuts++;
    this.connect(reader, this.world.random.pick([50, 1000, 3000]));
  }

  /** A process that is gone has cut off its readers. At the end, somebody reads each stream. */
  private watch(): void {
    const { outside, time, truth, isHealed } = this.world;
    for (const reader of this.readers) if (reader.connection?.process.isGone === true) this.cut(reader);
    if (isHealed)
      for (const { id } of truth.store.listRuns({ limit: 100 }) as { id: string }[])
        for (const stream of this.streamsOf(id)) this.ensure(id, stream);
    outside.at(time.now + LOOK_INTERVAL, () => this.watch());
  }

  private ensure(run: string, stream: string): void {
    const own = this.readers.filter(
      (each) => each.run === run && each.stream === stream && each.kind === "entries" && each.from === 0,
    );
    const row = this.world.truth.row(run);
    if (own.length === 0 || (row && !hasEnded(row) && own.every(({ isOver }) => isOver)))
      this.begin(run, stream, "entries", 0);
  }

  // --- what it receives

  private async attend(reader: Reader, connection: Connection, count: number): Promise<void> {
    const isCurrent = (): boolean => reader.connection === connection && !connection.process.isGone;
    const { signal } = connection.controller;
    const { next, stream, kind } = reader;
    let left = count;
    try {
      const run = await getRun(reader.run);
      if (!isCurrent()) return;
      if (kind === "values") reader.has = [];
      const readable = run.readable(stream, { signal, ...(kind === "entries" && { from: next }) });
      for await (const each of kind === "entries" ? readable.entries() : readable) {
        if (!isCurrent()) return;
        if (kind === "entries") this.received(reader, each as StreamEntry);
        else reader.has.push({ value: this.values.encode(each, "a chunk") });
        if (--left <= 0) break;
      }
      if (!isCurrent()) return;
      if (left <= 0) this.cut(reader);
      else this.ended(reader, undefined);
    } catch (error) {
      if (!isCurrent()) return;
      if (error instanceof PerdureError && error.code === "RUN_NOT_FOUND") {
        reader.connection = undefined;
        return this.connect(reader, 5000);
      }
      if (isExpected(error) || (kind === "values" && isReset(error))) {
        this.say(reader, `is cut off: ${String(error).split("\n")[0] ?? ""}`);
        this.cut(reader);
      } else this.ended(reader, { error });
    }
  }

  private received(reader: Reader, entry: StreamEntry): void {
    const { observer, streams } = this.world;
    const { run, stream } = reader;
    const recorded = streams.recorded(run, stream);
    const { index } = entry;
    const tell = (problem: string): void =>
      observer.problem(`${reader.name} of ${run} ${stream} received ${JSON.stringify(entry)}: ${problem}`);
    this.say(reader, `receives ${entry.type} ${index}`);
    if (index < reader.next) tell(`it had come to ${reader.next}`);
    reader.next = index + 1;
    const found = recorded.entries.find((each) => each.index === index);
    if (found?.type !== entry.type || found.part !== entry.part) return tell("this was never recorded");
    if (entry.type === "reset") {
      if (found.type === "reset" && found.from !== entry.from) tell(`it is from ${found.from}`);
      reader.has = reader.has.filter(
        ({ index: at = 0, part = "" }) => !isVoid({ index: at, type: "chunk", part }, entry),
      );
    } else {
      const value = this.values.encode(entry.value, "a chunk");
      if (found.type === "chunk" && found.value !== value) tell(`it is ${found.value}`);
      reader.has.push({ index, part: entry.part, value });
      const { serial, n } = entry.value as TaskChunk;
      streams.heard.add([run, entry.part, serial, n].join("\n"));
    }
    const problem = recorded.problemOf(reader.has, reader.from, reader.next);
    if (problem !== undefined) tell(problem);
  }

  private ended(reader: Reader, failure: { readonly error: unknown } | undefined): void {
    const { run, stream, has, from } = reader;
    reader.isOver = true;
    reader.connection = undefined;
    const how = failure ? `fails with ${String(failure.error)}` : "ends";
    this.say(reader, how);
    const problem = this.world.streams.problemOfEnd(run, stream, has, from, failure);
    if (problem !== undefined)
      this.world.observer.problem(`${reader.name} of ${run} ${stream} ${how}, with ${has.length} chunks: ${problem}`);
  }

  private say(reader: Reader, what: string): void {
    this.world.observer.say(reader.name, what);
  }

  // --- at the end

  private isWaitingFor({ run, isOver }: Reader): boolean {
    const row = this.world.truth.row(run);
    return !isOver && row !== undefined && hasEnded(row);
  }

  get areAtRest(): boolean {
    return !this.readers.some((each) => this.isWaitingFor(each));
  }

  checkEnd(): void {
    for (const each of this.readers)
      if (this.isWaitingFor(each)) this.world.observer.problem(`${each.name} of ${each.run} ${each.stream} never ends`);
  }
}
