import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { binaries } from "../../../test/postgres/binaries.ts";

const root = join(import.meta.dirname, "..");

test.skipIf(binaries() === undefined)(
  "every order is done once while the processes are killed, the network is cut and the server restarts",
  { timeout: 120_000 },
  () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["main.mjs", ".perdure/test-launch"], {
      cwd: root,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    for (const fault of ["kill -9 alpha", "kill -9 front", "cut off beta", "kill -9 gamma", "kill -9 postgres"])
      expect(stdout).toContain(fault);
    expect(stdout).toMatch(/customers +(\d+) of \1 have their parcel/u);
    expect(stdout).toMatch(/✓ \d{2,} orders were accepted, and each was done once/u);
    expect(stdout).toContain("✓ no finished step was executed again");
    expect(status).toBe(0);
  },
);
