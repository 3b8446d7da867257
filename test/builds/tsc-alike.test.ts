import { test } from "vitest";
import { expectAlike } from "./unbundled/alike.ts";
import { tscRows } from "./unbundled/rows.ts";

test.each(tscRows.map((row) => [row.name, row] as const))("%s: the same result, ids, places and manifest as compiled directly", (_, row) => expectAlike(row));
