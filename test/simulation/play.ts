import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import type { Report, Subject } from "./simulation.ts";

/** What `main.ts` prints of one seed: with a log where something was wrong, or a log was asked for. */
export type Line = Omit<Report, "log"> & Partial<Pick<Report, "log">>;

/** Seeds that one process plays. */
const CHUNK = 50;

interface Options {
  /** Default: the life of runs. */
  readonly subject?: Subject;
  readonly processes?: number;
  /** No more seeds after the first problem. */
  readonly untilProblem?: boolean;
  readonly withLog?: boolean;
  readonly each?: (line: Line) => void;
}

/** Plays seeds in processes of their own. @param file - the bundled simulation */
export async function play(file: string, first: number, count: number, options: Options = {}): Promise<Line[]> {
  const { processes = availableParallelism(), untilProblem = false, subject = "life", each = () => {} } = options;
  const all: Line[] = [];
  let isOver = false;
  let next = first;
  const end = first + count;
  const chunk = Math.min(CHUNK, Math.ceil(count / processes));
  const work = async (): Promise<void> => {
    while (next < end && !isOver) {
      const from = next;
      next = Math.min(end, from + chunk);
      await one(file, [subject, `${from}-${next - 1}`], options.withLog === true, (line) => {
        all.push(line);
        each(line);
        if (untilProblem && line.problems.length > 0) isOver = true;
        return isOver;
      });
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  return all.sort((a, b) => a.seed - b.seed);
}

/** @param received - whether to stop */
async function one(
  file: string,
  seeds: readonly string[],
  withLog: boolean,
  received: (line: Line) => boolean,
): Promise<void> {
  const child = spawn(process.execPath, ["--enable-source-maps", file, ...seeds], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_ENV: "test", ...(withLog && { SIMULATION_LOG: "1" }) },
  });
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  let isStopped = false;
  for await (const text of createInterface({ input: child.stdout })) {
    if (isStopped || !received(JSON.parse(text) as Line)) continue;
    isStopped = true;
    child.kill();
  }
  const code = await exited;
  if (code !== 0 && !isStopped) throw new Error(`the simulation of ${seeds.join(" ")} ended with ${code}`);
}

/** The end of what happened with a seed, and how to see it again. */
export const describeProblem = ({ subject, seed, problems, log = [] }: Line): string =>
  [
    `${subject} seed ${seed}: ${problems.join("\n")}`,
    ...log.slice(-150),
    `again: npm run test:simulation -- --subject ${subject} --seed ${seed}`,
  ].join("\n");

/** What happened with all seeds together. */
export function summary(lines: readonly Line[]): string {
  const sums = new Map<string, number>();
  for (const { counts } of lines)
    for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count);
  return [`${lines.length} seeds`, ...[...sums].map(([name, sum]) => `${sum} ${name}`)].join(", ");
}
