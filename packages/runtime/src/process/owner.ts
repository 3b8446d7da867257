import type { Store, UnfinishedFilter } from "@perdure/store";
import { randomUUID } from "../crypto.ts";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { threadId } from "node:worker_threads";
import { processWide } from "../process-wide.ts";

/** What a process can know of the owners of runs. */
export interface Owners {
  /** Names of the owners that live in this process. */
  readonly here: ReadonlySet<string>;
  /** A name for a new owner in this process. */
  create(): string;
  /** The owner has ended. */
  end(name: string): void;
  stateOf(name: string): OwnerState;
}

/** What it knows of the owners of running runs. */
export async function knownOwners(
  store: Store,
  owners: Owners,
): Promise<Required<Pick<UnfinishedFilter, "alive" | "dead">>> {
  return statesOf(await store.owners(), owners);
}

/** What this process knows of these owners. */
export function statesOf(names: readonly string[], owners: Owners): Required<Pick<UnfinishedFilter, "alive" | "dead">> {
  const are = (wanted: OwnerState): string[] => names.filter((name) => owners.stateOf(name) === wanted);
  return { alive: are("alive"), dead: are("dead") };
}

const here = processWide("owners", () => new Set<string>());

/** `undefined` where the system does not tell (only Linux does). */
const read = (get: () => string): string | undefined => {
  try {
    return get();
  } catch {
    return undefined;
  }
};

/** The fields of /proc/[pid]/stat from the third on: those after the name, which may hold any character. */
function statOf(pid: number): string[] {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
}

/** When a process started, in the system's own unit: tells a process from a later one with the same number. */
const startOf = (pid: number): string => statOf(pid)[19] ?? "";

/** Whether the process has ended and its parent has not waited for it. */
const isZombie = (pid: number): boolean => statOf(pid)[0] === "Z";

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
function createOwner(): string {
  const owner: Owner = { machine, pid: process.pid, start: startOf(process.pid), thread: threadId, id: randomUUID() };
  const name = JSON.stringify(owner);
  here.add(name);
  return name;
}

/** Host and process id of an owner, such as `web-3:4711`, or its name if it is of another kind. */
export function ownerText(name: string): string {
  const owner = parseOwner(name);
  const [host] = String(owner?.machine).split("|");
  return owner?.pid === undefined ? name : `${host}:${owner.pid}`;
}

/** What is known of an owner. Of an `unknown` one, its lease decides. */
export type OwnerState = "alive" | "dead" | "unknown";

/**
 * Whether the owner lives. Unknown where this process cannot see it: on another machine, in another container, in another thread, or when
 * it is a zombie.
 * Sources: kill(2) with signal 0; proc(5), fields 3 and 22 of /proc/[pid]/stat.
 */
function stateOf(name: string): OwnerState {
  if (here.has(name)) return "alive";
  const owner = parseOwner(name);
  if (!owner || owner.machine !== machine) return "unknown";
  if (owner.pid === process.pid && owner.start === startOf(process.pid))
    return owner.thread === threadId ? "dead" : "unknown";
  if (!exists(owner.pid)) return "dead";
  const start = startOf(owner.pid);
  if (owner.start === "" || start === "") return "unknown";
  if (start !== owner.start) return "dead";
  return owner.thread === MAIN_THREAD && !isZombie(owner.pid) ? "alive" : "unknown";
}

const MAIN_THREAD = 0;

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Knows them by what the system says of their processes. */
export const systemOwners: Owners = { here, create: createOwner, end: (name) => void here.delete(name), stateOf };
