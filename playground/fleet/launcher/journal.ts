import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** The journal has this entry for the end of an order: the customer has the parcel. */
export const DELIVERED = "delivered";

export const noteDelivery = (file: string, order: number): void =>
  appendFileSync(file, `begin order-${order} ${DELIVERED} customer ${process.pid} ${Date.now()}\n`);

/** One attempt of a task, as src/journal.ts wrote it down. */
export interface Attempt {
  readonly run: string;
  readonly step: string;
  readonly machine: string;
  readonly pid: number;
  /** Milliseconds since 1970. All processes have the clock of this machine. */
  readonly from: number;
  readonly to?: number;
  /** Undefined: it still runs, or its process died. */
  readonly outcome?: "end" | "failed";
}

/** All attempts so far, by their beginning. */
export function readJournal(file: string): Attempt[] {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const attempts: Attempt[] = [];
  const open = new Map<string, number>();
  for (const line of text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1)) {
    const [event, run = "", step = "", machine = "", pid, time] = line.split(" ");
    const name = [run, step, pid].join(" ");
    const begun = open.get(name);
    if (event === "begin")
      open.set(name, attempts.push({ run, step, machine, pid: Number(pid), from: Number(time) }) - 1);
    else if (begun !== undefined)
      attempts[begun] = { ...attempts[begun]!, to: Number(time), outcome: event as "end" | "failed" };
  }
  return attempts;
}

/** `charge[0]` → `charge` */
export const taskOf = ({ step }: Pick<Attempt, "step">): string => step.replace(/\[.*/u, "");

export const inFlight = (attempts: readonly Attempt[], pid: number): Attempt[] =>
  attempts.filter((attempt) => attempt.pid === pid && attempt.outcome === undefined);
