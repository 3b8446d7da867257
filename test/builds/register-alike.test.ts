import { test } from "vitest";
import { expectAlike } from "./unbundled/alike.ts";
import { registerRows } from "./unbundled/rows.ts";

test.each(registerRows.map((row) => [row.name, row] as const))(
  "under %s, the program has the same result, step ids, locations and manifest as compiled directly",
  async (_, row) => void (await expectAlike(row)),
);
