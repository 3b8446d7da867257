import type { PlannedKey } from "../../2-analyze/plan/edits.ts";
import { jsonLiteral, type RewriteContext } from "../text/context.ts";

/** A key as it is written in emitted code: its text, or the variable that holds its value. */
export const keyText = (key: PlannedKey, { names }: RewriteContext): string =>
  typeof key === "string" ? jsonLiteral(key) : names.slot(key.slot);
