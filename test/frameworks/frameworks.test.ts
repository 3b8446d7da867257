import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failuresOf, play, tableOf, type Played } from "./harness.ts";
import { packedPackages } from "./project.ts";
import { rows } from "./rows.ts";

// process groups and SIGTERM, with which the projects are ended, do not exist on Windows
describe.skipIf(process.platform === "win32")("the projects of test/frameworks that take little time", () => {
  let packages: ReturnType<typeof packedPackages>;
  beforeAll(() => void (packages = packedPackages()));
  const played: Played[] = [];
  afterAll(() => void console.log(`\n${tableOf(played)}\nnpm run test:frameworks plays the others\n`));

  test.each(rows.filter(({ light }) => light).map((row) => [row.title, row] as const))(
    "a run is finished after SIGKILL, after SIGTERM and after an edit: %s",
    { timeout: 300_000 },
    async (_, row) => {
      const result = await play(row, packages);
      played.push(result);
      expect(failuresOf([result])).toEqual([]);
    },
  );
});
