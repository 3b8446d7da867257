import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { taskContext } from "perdure";

/** What a run is asked to do: how often the process is killed after so many of its effects. */
export interface Plan {
  readonly id: string;
  /** The process is killed after these effects of the run. */
  readonly kills: readonly number[];
}

/** An effect of a task, as it is recorded outside of all journals. */
export interface Effect {
  readonly run: string;
  readonly name: string;
  readonly attempt: number;
  /** The steps whose completions the workflow had when it called the task. */
  readonly seen: readonly string[];
}

const file = (): string => process.env["PERDURE_EFFECTS"] ?? "";

export const effectsIn = (path: string): Effect[] =>
  existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Effect]))
    : [];

/** Does something that the journal cannot undo, and perhaps kills the process. Takes a while, so that several are in flight. */
export async function effect({ id, kills }: Plan, name: string, seen: readonly string[]): Promise<void> {
  await setTimeout(Math.random() * 8);
  const { attempt } = taskContext();
  appendFileSync(file(), `${JSON.stringify({ run: id, name, attempt, seen } satisfies Effect)}\n`);
  const count = effectsIn(file()).filter(({ run }) => run === id).length;
  if (kills.includes(count)) process.kill(process.pid, "SIGKILL");
  await setTimeout(Math.random() * 8);
}
