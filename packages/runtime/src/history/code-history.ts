import * as v from "valibot";

const list = v.pipe(v.array(v.string()), v.readonly());

const span = v.pipe(
  v.object({
    code: v.string(),
    /** Checkpoints after the previous span, up to this sequence number, belong to the span. */
    seq: v.number(),
    /** Ids of the steps that were open at its end. They belong to it too, whichever code finishes them. */
    open: list,
    /** The renames that were declared while it ran. It used the new names. */
    renames: list,
  }),
  v.readonly(),
);
/** The steps of a run to which one code version gave their ids. */
export type CodeSpan = v.InferOutput<typeof span>;

const history = v.pipe(
  v.object({
    /** The earlier code versions, oldest first. */
    spans: v.pipe(v.array(span), v.readonly()),
    /** The renames that were declared while the present code ran. */
    renames: list,
  }),
  v.readonly(),
);
/** Which code versions recorded the steps of a run. */
export type CodeHistory = v.InferOutput<typeof history>;

/** A recorded history; an empty one where there is none, or none that this version understands. */
export function parseCodeHistory(text: string | undefined): CodeHistory {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), history), text);
  return result.success ? result.output : { spans: [], renames: [] };
}
