import type { ts } from "ts-morph";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { isObject, member } from "../../files/json.ts";
import { diagnosticNumber } from "../../typescript/diagnostic.ts";

/**
 * Adds the number of the messages to TypeScript's own list of those with fixes. Editors ask for that list once, and not the language services
 * of the projects, and they ask for fixes of no other message. The list is not part of TypeScript's public interface: without it, there are
 * only no fixes.
 */
export function announceFixes(api: typeof ts): void {
  const codefix = member(api, "codefix");
  const register = member(codefix, "registerCodeFix");
  if (!isObject(codefix) || typeof register !== "function") return;
  if (api.getSupportedCodeFixes().includes(String(diagnosticNumber))) return;
  register.call(codefix, { errorCodes: [diagnosticNumber], getCodeActions: () => undefined });
}

/** The fixes of the diagnostics that touch a part of a file. */
export const codeFixes = (
  fileName: string,
  diagnostics: readonly Diagnostic[],
  start: number,
  end: number,
): ts.CodeFixAction[] =>
  diagnostics
    .filter((each) => each.start <= end && each.end >= start)
    .flatMap(({ code, fixes }) =>
      fixes.map(({ title, edits }) => ({
        fixName: `perdure ${code}`,
        description: title,
        changes: [
          {
            fileName,
            textChanges: edits.map((edit) => ({
              span: { start: edit.start, length: edit.end - edit.start },
              newText: edit.text,
            })),
          },
        ],
      })),
    );
