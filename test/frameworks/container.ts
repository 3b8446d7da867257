import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const flags = ["--pid", "--fork", "--kill-child", "--mount-proc", "--uts"];

const isPermitted = spawnSync("unshare", [...flags, "true"]).status === 0;

/** What can be said here of a container: whether its command runs as process 1, and on a host of its own. */
export const containerTitle = isPermitted ? "Docker's CMD, process 1" : "Docker's CMD, no namespace";

let started = 0;

/** The command of a Dockerfile, as a new container would run it. Without the rights for that, as a process like any other. */
export function commandOf(dockerfile: string): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, dockerfile), "utf8");
  const command = JSON.parse(/^CMD (\[.*\])$/m.exec(text)?.[1] ?? "[]") as string[];
  if (!isPermitted) return command;
  return ["unshare", ...flags, "sh", "-c", `hostname container-${++started} && exec "$@"`, "sh", ...command];
}

/** The process to send a signal to: the one inside of the container, if there is one. */
export function entryOf(pid: number, command: readonly string[]): number {
  if (command[0] !== "unshare") return pid;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}
