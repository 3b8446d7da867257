import { existsSync, readFileSync } from "node:fs";

/** Milliseconds. */
export const LEASE = 1_500;

/**
 * A module for programs. `during(item, work)` writes the start and the end of the work to the journal, `note` a line. A process that stood still writes that too: it
 * may have lost its leases by that. Times are milliseconds of the clock that all processes of the machine have in common.
 */
export const attemptSource = `
  import { appendFileSync } from "node:fs";
  export const note = (...words: unknown[]) => appendFileSync(process.env.JOURNAL!, words.join(" ") + "\\n");
  export const now = () => Number(process.hrtime.bigint()) / 1e6;
  let attempts = 0;
  export async function during<T>(item: number, work: () => Promise<T>): Promise<T> {
    const attempt = process.pid + "/" + attempts++;
    note("start", item, attempt, now());
    const result = await work();
    note("end", item, attempt, now());
    return result;
  }
  let awake = now();
  setInterval(() => {
    const before = awake;
    awake = now();
    if (awake - before > ${LEASE / 6}) note("stall", process.pid, before, awake);
  }, 50).unref();
`;

/** The same clock, in this process. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A time in which a process stood still. */
interface Stall {
  readonly pid: number;
  readonly from: number;
  readonly to: number;
}

export interface Attempt {
  readonly item: number;
  readonly pid: number;
  readonly from: number;
  /** Undefined: it did not end, or its process did. */
  to: number | undefined;
}

/** What the result of an order was said to be, and by which kind of process. */
interface Result {
  readonly order: number;
  readonly role: string;
  readonly at: number;
  readonly value: string;
}

/** Reads what the processes have written. */
export class Journal {
  /** Those of each item, by their start. */
  readonly attempts = new Map<number, Attempt[]>();
  readonly results: Result[] = [];
  readonly rejections: Result[] = [];
  readonly stalls: Stall[] = [];
  private readonly open = new Map<string, Attempt>();
  private readonly path: string;
  private offset = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Reads what is new. */
  read(): void {
    if (!existsSync(this.path)) return;
    const news = readFileSync(this.path).subarray(this.offset);
    const whole = news.subarray(0, news.lastIndexOf("\n") + 1);
    this.offset += whole.length;
    for (const line of whole.toString().split("\n").slice(0, -1)) this.add(line);
  }

  private add(line: string): void {
    const [kind, ...words] = line.split(" ");
    const [first = "", second = "", third = ""] = words;
    if (kind === "start") {
      const attempt: Attempt = { item: Number(first), pid: parseInt(second), from: Number(third), to: undefined };
      this.open.set(second, attempt);
      const known = this.attempts.get(attempt.item) ?? [];
      this.attempts.set(
        attempt.item,
        [...known, attempt].sort((a, b) => a.from - b.from),
      );
    } else if (kind === "end") {
      const attempt = this.open.get(second);
      if (!attempt) throw new Error(`an attempt that did not begin has ended: ${line}`);
      attempt.to = Number(third);
      this.open.delete(second);
    } else if (kind === "stall") this.stalls.push({ pid: Number(first), from: Number(second), to: Number(third) });
    else if (kind === "result" || kind === "rejected") {
      const result = { order: Number(first), role: second, at: Number(third), value: words.slice(3).join(" ") };
      (kind === "result" ? this.results : this.rejections).push(result);
    } else throw new Error(`a line of no known kind: ${line}`);
  }
}
