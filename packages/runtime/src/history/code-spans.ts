import type { Renames } from "../renames/renames.ts";
import { parseCodeHistory, type CodeHistory, type CodeSpan } from "./code-history.ts";
import type { RunRow, StepRow } from "@perdure/store";

type Recorded = Pick<RunRow, "code" | "codeHistory">;

/** Which version of the code gave each step of a run its id, and which renames lead from there to the present one. */
export class CodeSpans {
  /** As it has to be recorded; undefined: it is. */
  readonly changed: string | undefined;
  private readonly spans: readonly {
    readonly code: string;
    readonly seq: number;
    readonly open: ReadonlySet<string>;
    readonly renames: Renames;
  }[];

  constructor(run: Recorded, code: string, steps: readonly StepRow[], renames: Renames) {
    const recorded = parseCodeHistory(run.codeHistory);
    const history =
      run.code === code
        ? extended(recorded, renames)
        : { spans: [...recorded.spans, spanOf(run.code, recorded, steps)], renames: renames.texts };
    this.changed = history === recorded ? undefined : JSON.stringify(history satisfies CodeHistory);
    this.spans = history.spans.map((span) => ({
      ...span,
      open: new Set(span.open),
      renames: renames.without(span.renames),
    }));
  }

  /** The code that gave the step its id; undefined: the present one. A step that was open when the code changed keeps its id, whoever finishes it. */
  codeOf(row: StepRow): string | undefined {
    return this.of(row)?.code;
  }

  /** The ids that the present code may call it by, its own left out, nearest first. */
  idsOf(row: StepRow): string[] {
    return this.of(row)?.renames.idsOf(row.id) ?? [];
  }

  private of({ id, seq }: StepRow): (typeof this.spans)[number] | undefined {
    return this.spans.find((span) => (seq !== undefined && seq <= span.seq) || span.open.has(id));
  }
}

/** What a new run has of it. */
export const newHistory = (renames: Renames): string | undefined =>
  renames.isEmpty ? undefined : JSON.stringify({ spans: [], renames: renames.texts } satisfies CodeHistory);

/** The part of the code that the run was executed with until now. */
function spanOf(code: string, { renames }: CodeHistory, steps: readonly StepRow[]): CodeSpan {
  const open = steps.filter(({ seq }) => seq === undefined).map(({ id }) => id);
  return { code, seq: steps.reduce((last, { seq = 0 }) => Math.max(last, seq), 0), open, renames };
}

/** With the renames that are declared now; the same object when they were before. */
function extended(history: CodeHistory, renames: Renames): CodeHistory {
  const added = renames.texts.filter((text) => !history.renames.includes(text));
  return added.length === 0 ? history : { ...history, renames: [...history.renames, ...added] };
}

/** The codes that recorded steps of the run, but for the present one. */
export const codesBefore = (run: Recorded, present: string): string[] => {
  const earlier = parseCodeHistory(run.codeHistory).spans.map(({ code }) => code);
  return [...new Set(run.code === present ? earlier : [...earlier, run.code])];
};
