import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

test("the job completes after it was killed three times", { timeout: 120_000 }, () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["main.mjs", ".perdure/test-launch"], {
    cwd: root,
    encoding: "utf8",
  });
  // downloads fail at first, which the log says
  expect(
    stderr.replace(
      /^perdure warn attempt \d of \S*download\[\d\] of run .* failed, the next one is at .*: Error: 503 .*\n/gm,
      "",
    ),
  ).toBe("");
  expect(stdout).toContain("kill 3 of 3");
  expect(stdout).toContain("✓ no finished task ran again");
  expect(stdout).toContain("✓ the report equals that of the undisturbed job");
  expect(stdout).toMatch(
    /npm run inspect shows the killed run, its lives and its steps, at\nhttp:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{20,}\n/u,
  );
  expect(status).toBe(0);
});
