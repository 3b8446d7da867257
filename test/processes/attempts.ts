import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../programs.ts";
import type { RunningProgram } from "../running-program.ts";
import { temporaryDirectory } from "../directories.ts";

/** What a task has written to the log when it began or ended. */
interface Line {
  readonly kind: "start" | "end";
  readonly item: number;
  readonly process: number;
  /** Nanoseconds, by the clock that all processes of the machine have in common. */
  readonly at: bigint;
}

/** The time from the start of an attempt to its end, or to the death of its process. */
export interface Attempt {
  readonly item: number;
  readonly process: number;
  readonly from: bigint;
  /** Undefined: it has not ended. */
  readonly to: bigint | undefined;
  /** Its process was killed before it ended. */
  readonly isKilled: boolean;
}

/** A module for programs: `during(item, work)` writes the start and the end of the work to the log. */
export const attemptModule = {
  "attempt.ts": `
    import { appendFileSync } from "node:fs";
    const note = (kind: string, item: number) =>
      appendFileSync(process.env.LOG!, [kind, item, process.pid, process.hrtime.bigint()].join(" ") + "\\n");
    export async function during<T>(item: number, work: () => Promise<T>): Promise<T> {
      note("start", item);
      const result = await work();
      note("end", item);
      return result;
    }
  `,
};

/** Processes that work on one store, and what their tasks have logged. */
export class Fleet {
  readonly directory = temporaryDirectory();
  private readonly log = join(this.directory, "log");
  private readonly file: string;
  private readonly store: string;
  private readonly killed = new Map<number, bigint>();
  private readonly members: RunningProgram[] = [];

  /** @param store - its URL; without it, a file in a new directory */
  constructor(file: string, store?: string) {
    this.file = file;
    this.store = store ?? `sqlite:${join(this.directory, "p.db")}`;
  }

  /** Starts a process with this $ROLE. */
  begin(role: string, env: Record<string, string> = {}, file = this.file): RunningProgram {
    const program = run(file, { PERDURE_STORE: this.store, LOG: this.log, ROLE: role, ...env });
    this.members.push(program);
    return program;
  }

  /** Kills it as a crash does. Its attempts ended then: not before, so that no slot looks free that was not. */
  async kill(program: RunningProgram): Promise<void> {
    if (program.process.exitCode !== null)
      throw new Error(`the process ended before it was killed:\n${program.output}`);
    this.killed.set(Number(program.process.pid), process.hrtime.bigint());
    program.process.kill("SIGKILL");
    await program.ended;
  }

  /** What its processes have printed. */
  get output(): string {
    return this.members.map(({ output }) => output).join("");
  }

  /** The numbers of the processes that were killed. */
  get killedProcesses(): readonly number[] {
    return [...this.killed.keys()];
  }

  private lines(): Line[] {
    const text = existsSync(this.log) ? readFileSync(this.log, "utf8") : "";
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    return whole
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [kind, item, pid, at = ""] = line.split(" ");
        return { kind: kind as Line["kind"], item: Number(item), process: Number(pid), at: BigInt(at) };
      });
  }

  /** All attempts so far, by their start. */
  attempts(): Attempt[] {
    const open = new Map<string, Attempt>();
    const closed: Attempt[] = [];
    for (const { kind, item, process: pid, at } of this.lines()) {
      const name = `${item} ${pid}`;
      const begun = open.get(name);
      if ((kind === "start") === (begun !== undefined))
        throw new Error(`item ${item} has a ${kind} in process ${pid}, where it ${begun ? "runs" : "does not run"}`);
      if (!begun) open.set(name, { item, process: pid, from: at, to: undefined, isKilled: false });
      else {
        open.delete(name);
        closed.push({ ...begun, to: at });
      }
    }
    const left = [...open.values()].map((attempt) => {
      const at = this.killed.get(attempt.process);
      return at === undefined ? attempt : { ...attempt, to: later(at, attempt.from), isKilled: true };
    });
    return [...closed, ...left].sort((a, b) => Number(a.from - b.from));
  }

  /** How many items have an attempt that ended. */
  done(): number {
    return new Set(
      this.lines()
        .filter(({ kind }) => kind === "end")
        .map(({ item }) => item),
    ).size;
  }
}

const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The most attempts that ran at the same time. */
export function mostAtOnce(attempts: readonly Pick<Attempt, "from" | "to">[]): number {
  const changes = attempts.flatMap(({ from, to }) => [
    { at: from, by: 1 },
    ...(to === undefined ? [] : [{ at: to, by: -1 }]),
  ]);
  changes.sort((a, b) => Number(a.at - b.at) || a.by - b.by);
  let now = 0;
  return changes.reduce((most, { by }) => Math.max(most, (now += by)), 0);
}

/** The shortest time in which so many attempts began, in milliseconds. */
export function shortest(attempts: readonly Attempt[], count: number): number {
  const starts = attempts.map(({ from }) => from);
  return Math.min(...starts.slice(count - 1).map((at, place) => Number(at - starts[place]!) / 1e6));
}

/**
 * The time for which each process executed each run: from its first attempt to its last.
 * @param parts - how many items a run has
 */
export function executions(attempts: readonly Attempt[], parts: number): Pick<Attempt, "from" | "to">[] {
  const found = new Map<string, Pick<Attempt, "from" | "to">>();
  for (const { item, process: pid, from, to } of attempts) {
    const name = `${Math.floor(item / parts)} ${pid}`;
    found.set(name, { from: found.get(name)?.from ?? from, to });
  }
  return [...found.values()];
}
