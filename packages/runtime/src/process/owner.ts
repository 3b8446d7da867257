import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { threadId } from "node:worker_threads";
import { processWide } from "../process-wide.ts";

/** Names of the owners that live in this process. */
export const owners = processWide("owners", () => new Set<string>());

/** `undefined` where the system does not tell (only Linux does). */
const read = (get: () => string): string | undefined => {
  try {
    return get();
  } catch {
    return undefined;
  }
};

/** When a process started, in the system's own unit: tells a process from a later one with the same number. */
function startOf(pid: number): string {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** Identifies what process numbers are unique in: this boot of this machine, this container. */
const machine: string = [
  hostname(),
  read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
  read(() => readlinkSync("/proc/self/ns/pid")),
].join("|");

interface Owner {
  readonly machine: string;
  readonly pid: number;
  readonly start: string;
  readonly thread: number;
  readonly id: string;
}

function parseOwner(name: string): Owner | undefined {
  try {
    return JSON.parse(name) as Owner;
  } catch {
    return undefined; // not an owner of this kind
  }
}

/** A name for an owner of runs, from which other processes of this machine can tell whether the owner lives. */
export function createOwner(): string {
  const owner: Owner = { machine, pid: process.pid, start: startOf(process.pid), thread: threadId, id: randomUUID() };
  const name = JSON.stringify(owner);
  owners.add(name);
  return name;
}

/**
 * Whether the owner is certainly dead. False when that cannot be known: then its lease decides.
 * Sources: kill(2) with signal 0; proc(5), field 22 of /proc/[pid]/stat.
 */
export function isDead(name: string): boolean {
  if (owners.has(name)) return false;
  const owner = parseOwner(name);
  if (!owner) return false;
  if (owner.machine !== machine) return false;
  if (owner.pid === process.pid && owner.start === startOf(process.pid)) return owner.thread === threadId;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  const start = startOf(owner.pid);
  return owner.start !== "" && start !== "" && start !== owner.start;
}
