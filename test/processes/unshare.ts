import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { TestContext } from "vitest";
import type { run } from "../programs.ts";
import { RunningProgram } from "../running-program.ts";

/** What a program has of its own, and what is executed before it there. */
interface Isolation {
  readonly flags: readonly string[];
  /** A shell command. */
  readonly before?: string;
}

const ISOLATIONS = {
  "another pid namespace": { flags: ["--pid", "--fork", "--kill-child", "--mount-proc"] },
  "another host name": { flags: ["--uts"], before: "hostname elsewhere" },
  "a mounted disk": { flags: ["--mount"], before: 'mount -t tmpfs -o size=2m tmpfs "$DISK"' },
} as const satisfies Readonly<Record<string, Isolation>>;

/** A machine where only root may do it may still permit it to a user who is root in a user namespace. */
const IDENTITIES = [[], ["--user", "--map-root-user"]] as const;

const command = ({ flags, before = "true" }: Isolation, identity: readonly string[]): string[] => [
  ...identity,
  ...flags,
  "sh",
  "-c",
  `${before} && exec "$@"`,
  "sh",
];

/**
 * How to start programs in namespaces of their own. Skips the test, with the reason, where the machine does not permit that. What is mounted
 * there (on the directory $DISK, with 2 MB) disappears with the program.
 */
export function isolated(kind: keyof typeof ISOLATIONS, { skip }: TestContext): typeof run {
  const refusals: string[] = [];
  for (const identity of IDENTITIES) {
    const args = command(ISOLATIONS[kind], identity);
    const tried = spawnSync("unshare", [...args, "true"], {
      encoding: "utf8",
      env: { ...process.env, DISK: tmpdir() },
    });
    if (tried.status === 0)
      return (file, env, cwd = process.cwd()) =>
        new RunningProgram("unshare", [...args, process.execPath, "--enable-source-maps", file], {
          env: { ...process.env, ...env },
          cwd,
        });
    refusals.push(tried.error?.message ?? tried.stderr.trim());
  }
  const reason = `skipped: this machine does not permit ${kind}: ${refusals.join("; ")}`;
  console.warn(reason); // the reporter shows the reason of skip() only when one file is run
  return skip(reason);
}

/** The number of the process that a program in another pid namespace is outside of it. */
export function pidInside({ process: { pid } }: RunningProgram): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}
