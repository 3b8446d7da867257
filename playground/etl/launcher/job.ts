import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { approve } from "./approve.ts";
import { begins, Journal, type Entry } from "./read-journal.ts";
import type { Workplace } from "./workplace.ts";

export interface Job {
  readonly program: string;
  readonly workplace: Workplace;
  /** Kill the process with SIGKILL when it has begun this many executions. */
  readonly killAfter?: number;
  /** Called with the process id when the process has started. */
  readonly onStart?: (pid: number) => void;
  /** Make the process kill itself with SIGKILL right after the nth commit of a checkpoint. */
  readonly dieAtCommit?: number;
}

export interface Ending {
  readonly pid: number;
  readonly killed: boolean;
}

/** Runs the job in a child process until the process ends or is killed. Approves the report as soon as the job asks for approval. */
export async function runJob(job: Job): Promise<Ending> {
  const child = spawnJob(job);
  const exit = once(child, "exit");
  job.onStart?.(child.pid ?? 0);
  await watch(child, job);
  await exit;
  if (child.exitCode !== 0 && child.signalCode !== "SIGKILL")
    throw new Error(`the job ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`);
  return { pid: child.pid ?? 0, killed: child.signalCode === "SIGKILL" };
}

async function watch(child: ChildProcess, { workplace, killAfter = Infinity }: Job): Promise<void> {
  const journal = new Journal(workplace.journal);
  let executions = 0;
  while (isAlive(child)) {
    const entries = journal.more();
    executions += begins(entries).filter(({ pid }) => pid === child.pid).length;
    if (executions >= killAfter) child.kill("SIGKILL");
    if (entries.some(asksForApproval)) await approve(workplace);
    await delay(2);
  }
}

function spawnJob({ program, workplace, dieAtCommit }: Job): ChildProcess {
  const env = {
    ...process.env,
    ETL_FOLDER: workplace.folder,
    ETL_JOURNAL: workplace.journal,
    ...(dieAtCommit !== undefined && { ETL_DIE_AT_COMMIT: String(dieAtCommit) }),
  };
  return spawn(process.execPath, ["--enable-source-maps", program], { env, stdio: "inherit" });
}

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

const asksForApproval = ({ task, event }: Entry): boolean => task === "askForApproval" && event === "end";
