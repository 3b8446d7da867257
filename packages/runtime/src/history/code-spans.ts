import { parseCodeHistory, type CodeHistory, type CodeSpan } from "./code-history.ts";
import type { RunRow, StepRow } from "@perdure/store";
import type { Renames } from "../renames/renames.ts";

type Recorded = Pick<RunRow, "code" | "codeHistory">;

/** Which code version gave each step of a run its id, and which renames lead from its names to the present ones. */
export class CodeSpans {
  /** The code history to record; undefined when the recorded one is up to date. */
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

  /**
   * The code version that gave the step its id; undefined for the present one. A step that was open when the code changed keeps
   * its id, whichever code finishes it.
   */
  codeOf(row: StepRow): string | undefined {
    return this.of(row)?.code;
  }

  /** The ids by which the present code may call the step, without its own; those of the fewest renames first. */
  idsOf(row: StepRow): string[] {
    return this.of(row)?.renames.idsOf(row.id) ?? [];
  }

  private of({ id, seq }: StepRow): (typeof this.spans)[number] | undefined {
    return this.spans.find((span) => (seq !== undefined && seq <= span.seq) || span.open.has(id));
  }
}

/** The code history of a new run. */
export const newHistory = (renames: Renames): string | undefined =>
  renames.isEmpty ? undefined : JSON.stringify({ spans: [], renames: renames.texts } satisfies CodeHistory);

/** The span of the code version that executed the run until now. */
function spanOf(code: string, { renames }: CodeHistory, steps: readonly StepRow[]): CodeSpan {
  const open = steps.filter(({ seq }) => seq === undefined).map(({ id }) => id);
  return { code, seq: steps.reduce((last, { seq = 0 }) => Math.max(last, seq), 0), open, renames };
}

/** `history` with the renames that are declared now; the same object when it has them all. */
function extended(history: CodeHistory, renames: Renames): CodeHistory {
  const added = renames.texts.filter((text) => !history.renames.includes(text));
  return added.length === 0 ? history : { ...history, renames: [...history.renames, ...added] };
}

/** Fingerprints of the earlier code versions that recorded steps of the run. */
export const earlierCodeVersions = (run: Recorded, present: string): string[] => {
  const earlier = parseCodeHistory(run.codeHistory).spans.map(({ code }) => code);
  return [...new Set(run.code === present ? earlier : [...earlier, run.code])];
};
