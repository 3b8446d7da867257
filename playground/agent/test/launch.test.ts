import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

test(
  "the server is killed twice in the middle of a sentence, and everything is said, done and sent once",
  { timeout: 120_000 },
  () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["main.mjs", ".perdure/test-launch"], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, AGENT_PACE: "25" },
    });
    expect(stderr).toBe("");
    expect(stdout.match(/kill -9 \d+, in the middle of a sentence/gu)).toHaveLength(2);
    expect(stdout).toContain("✓ the run is completed");
    expect(stdout).toMatch(/✓ the model was called [456] times for 4 turns/u);
    expect(stdout).toContain("✓ 4 calls of tools were made, none of them twice");
    expect(stdout).toContain("✓ 1 e-mail was sent");
    expect(stdout).toMatch(/✓ the viewer connected 3 times, and has each word once/u);
    expect(status).toBe(0);
  },
);
