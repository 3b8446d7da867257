import type { ts } from "ts-morph";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";

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
