import { expect, test } from "vitest";
import { expectAlike } from "./unbundled/alike.ts";
import { tscRows } from "./unbundled/rows.ts";

test.each(tscRows.map((row) => [row.name, row] as const))(
  "built with %s, the program has the same result, step ids, locations and manifest as compiled directly",
  async (_, row) => {
    const { app, modules } = await expectAlike(row);
    expect(JSON.parse(app.read("dist/perdure.manifest.json"))).toEqual({ version: 1, modules });
  },
);
