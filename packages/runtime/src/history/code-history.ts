import * as v from "valibot";

const list = v.pipe(v.array(v.string()), v.readonly());

const span = v.pipe(
  v.object({
    code: v.string(),
    /** Checkpoints from the end of the span before up to this place are its. */
    seq: v.number(),
    /** Ids of the steps that it left open. They are its too, whoever finishes them. */
    open: list,
    /** The renames that were declared while it ran: to it, what they lead to is the name. */
    renames: list,
  }),
  v.readonly(),
);
/** The steps of a run that one version of its code has given their ids. */
export type CodeSpan = v.InferOutput<typeof span>;

const history = v.pipe(
  v.object({
    /** The earlier codes, oldest first. */
    spans: v.pipe(v.array(span), v.readonly()),
    /** The renames that were declared while the present code ran. */
    renames: list,
  }),
  v.readonly(),
);
/** Which codes recorded the steps of a run. */
export type CodeHistory = v.InferOutput<typeof history>;

/** A history as it was recorded; an empty one where there is none, or none that this version understands. */
export function parseCodeHistory(text: string | undefined): CodeHistory {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), history), text);
  return result.success ? result.output : { spans: [], renames: [] };
}
