import { FatalError, taskContext, writable } from "perdure";
import { hash } from "../../random-programs/choices.ts";
import type { Choices } from "../../random-programs/choices.ts";
import type { VirtualProcess } from "../process.ts";
import type { Telling, Told } from "../programs/stage.ts";
import type { StreamsWitness, TaskChunk } from "./witness.ts";

interface World {
  readonly random: Choices;
  readonly streams: StreamsWitness;
  /** Whether somebody has asked for the run to be tried again. */
  isRetried(run: string): boolean;
}

/** Milliseconds between two looks at whether a reader has received a chunk. */
const PATIENCE = 200;

/** One attempt of a task that writes to a stream. */
export async function tell(
  { random, streams, isRetried }: World,
  process: VirtualProcess,
  serial: number,
  stream: string,
  telling: Telling,
  inside: () => Promise<unknown> = async () => {},
): Promise<Told> {
  const { runId: run, stepId: step, attempt, signal } = taskContext();
  const { chunks, deed = "works", keep = false, end, awaitsReader = false, after = 0 } = telling;
  const epoch = process.runtime.runs.get(run)?.run.epoch ?? 0;
  streams.begins(run, step, epoch, serial);
  const failsAt = doesFail() ? random.below(chunks + 2) : Infinity;
  const isObedient = random.chance(50);
  const pace = random.pick([0, 0, 30, deed === "works long" ? 2000 : 200]);
  let interrupt: (reason: Error) => void = () => {};
  if (isObedient) signal.addEventListener("abort", () => interrupt(signal.reason as Error));
  const wait = (milliseconds: number): Promise<void> =>
    new Promise((resolve, reject) => {
      process.clock.after(milliseconds, resolve);
      interrupt = reject;
      if (isObedient && signal.aborted) reject(signal.reason as Error);
    });

  if (random.chance(50)) await wait(random.below(300));
  const writer = writable<TaskChunk & { readonly pad: string }>(stream, {
    onRetry: keep ? "keep" : "reset",
  }).getWriter();
  const write = (n: number): Promise<void> =>
    writer.write({ serial, epoch, n, pad: "·".repeat(random.pick([0, 0, 20, 500])) });
  for (let n = 0; n < chunks; n++) {
    if (n === failsAt) await fail();
    if (n === chunks - 1) await inside();
    const written = write(n);
    if (awaitsReader || random.chance(60)) await written;
    else written.catch(() => {});
    if (pace > 0 && random.chance(50)) await wait(1 + random.below(pace));
    while (awaitsReader && !streams.heard.has([run, step, serial, n].join("\n"))) await wait(PATIENCE);
  }
  if (failsAt === chunks) await fail();
  if (end === "closes") {
    await writer.close();
    if (!process.isGone) streams.closed(run, stream, step, serial, chunks);
  } else writer.releaseLock();
  if (failsAt > chunks && failsAt < Infinity) await fail();
  return { stream, serial, chunks, isClosed: end === "closes", after };

  function doesFail(): boolean {
    if (deed === "always fails") return true;
    if (deed === "fails at first") return attempt <= hash(`${run} ${step}`) % 3;
    if (deed === "fails at times") return random.chance(40);
    return deed === "fails until the run is tried again" && !isRetried(run);
  }

  async function fail(): Promise<never> {
    if (end === "aborts" && failsAt <= chunks) await writer.abort(new Error("aborted"));
    if (deed === "fails until the run is tried again") throw new FatalError("not before the run is tried again");
    throw new Error(deed === "always fails" ? "always" : `attempt ${attempt}`);
  }
}
