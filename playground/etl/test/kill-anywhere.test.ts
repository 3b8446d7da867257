import { join } from "node:path";
import { build } from "vite";
import { expect, test } from "vitest";
import { runJob } from "../launcher/job.ts";
import { examine, recordOf, sameReport, violations, type Death } from "../launcher/proof.ts";
import { freshWorkplace, type Workplace } from "../launcher/workplace.ts";

const root = join(import.meta.dirname, "..");
const home = join(root, ".perdure/test-kill-anywhere");
const program = join(home, "build/job.mjs");

/** Distance of two boundaries between tasks to die at, and the first one. With STRIDE=1 it is all of them. */
const stride = Number(process.env["STRIDE"] ?? 4);
const seed = Number(process.env["SEED"] ?? Date.now() % stride);
/** Milliseconds after which no process dies any more. */
const timeForDying = 480_000 / stride;

test(
  `kill -9 at every boundary between two tasks (stride ${stride}, from ${1 + (seed % stride)}) loses nothing that was committed`,
  { timeout: timeForDying + 60_000 },
  async () => {
    await build({ root, logLevel: "warn", build: { outDir: join(home, "build"), emptyOutDir: true } });
    const undisturbed = freshWorkplace(join(home, "undisturbed"));
    await runJob({ program, workplace: undisturbed });

    const swept = freshWorkplace(join(home, "swept"));
    const deaths = await dieOnTheWay(swept);
    expect(deaths.length).toBeGreaterThan(300 / stride);
    expect(violations(await recordOf(swept), deaths)).toEqual([]);
    expect(sameReport(undisturbed, swept)).toBe(true);
  },
);

/** Resumes the job again and again; each process dies right after a few more commits, until one reaches the end. */
async function dieOnTheWay(workplace: Workplace): Promise<Death[]> {
  const deadline = performance.now() + timeForDying;
  const deaths: Death[] = [];
  let dieAtCommit = 1 + (seed % stride);
  for (;;) {
    const { pid, killed } = await runJob({ program, workplace, ...(performance.now() < deadline && { dieAtCommit }) });
    if (!killed) return deaths;
    deaths.push(await examine(workplace, pid));
    dieAtCommit = stride;
  }
}
