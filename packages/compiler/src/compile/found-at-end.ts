import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { mayIgnore, withoutIgnored } from "../diagnostics/ignores.ts";
import { scriptOf } from "../phases/1-parse/component.ts";
import { parse } from "../phases/1-parse/parse.ts";

const codes: ReadonlySet<string> = new Set(["IMPORT_NOT_COMPILED", "IMPORT_NOT_FOLLOWED"]);

/** Whether only the end of a build tells the diagnostics of this code: when one file is compiled, a comment that turns it off may seem unused. */
export const isFoundAtEnd = (code: string): boolean => codes.has(code);

/** Leaves out the warnings that comments turn off, from those that the end of a build has found in one file. */
export function notIgnored(found: readonly Diagnostic[], path: string, text: string): readonly Diagnostic[] {
  if (!mayIgnore(text)) return found;
  const { id, source } = scriptOf(path, text);
  return withoutIgnored(found, parse(id, source), () => false).filter(({ code }) => isFoundAtEnd(code));
}
