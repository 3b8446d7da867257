import { join } from "node:path";
import { build } from "vite";
import { expect, test } from "vitest";
import { runJob } from "../launcher/job.ts";
import { examine, recordOf, sameReport, violations, type Death } from "../launcher/proof.ts";
import { freshWorkplace, type Workplace } from "../launcher/workplace.ts";

const root = join(import.meta.dirname, "..");
const home = join(root, ".perdure/test-kill-anywhere");
const program = join(home, "build/job.mjs");

/** The number of commits between two kills, and before the first one. STRIDE=1 kills at each of them. */
const stride = Number(process.env["STRIDE"] ?? 4);
const seed = Number(process.env["SEED"] ?? Date.now() % stride);
/** Milliseconds, for a busy machine as well. */
const TIMEOUT = 3_600_000 / stride;

test(
  `kill -9 between two tasks loses no committed step (every ${stride} commits, from commit ${1 + (seed % stride)})`,
  { timeout: TIMEOUT },
  async () => {
    await build({ root, logLevel: "warn", build: { outDir: join(home, "build"), emptyOutDir: true } });
    const undisturbed = freshWorkplace(join(home, "undisturbed"));
    await runJob({ program, workplace: undisturbed });

    const swept = freshWorkplace(join(home, "swept"));
    const deaths = await killUntilEnd(swept);
    expect(deaths.length).toBeGreaterThan(300 / stride);
    expect(violations(await recordOf(swept), deaths)).toEqual([]);
    expect(sameReport(undisturbed, swept)).toBe(true);
  },
);

/** Resumes the job repeatedly. Each process is killed after a few more commits, until one reaches the end. */
async function killUntilEnd(workplace: Workplace): Promise<Death[]> {
  const deaths: Death[] = [];
  let dieAtCommit = 1 + (seed % stride);
  for (;;) {
    const { pid, killed } = await runJob({ program, workplace, dieAtCommit });
    if (!killed) return deaths;
    deaths.push(await examine(workplace, pid));
    dieAtCommit = stride;
  }
}
