/**
 * The grammar of step ids, such as `for[17]/shipLine[0]/chargeCard[1]`:
 *
 *     id      = segment *( "/" segment )
 *     segment = [ "/" ] name [ "~" variant ] "[" index "]"  |  "{" key "}"
 *
 * `index` counts the calls (or activations, or iterations) of one function in one scope. `variant` distinguishes functions, or loops,
 * that have the same name in the same scope. `{key}` is an explicit key, set with `keyed`. The `/` before a name says that a task
 * called it: `importAll[0]//fetchPage[2]`. There, `index` tells the calls of one name from another, and `variant` counts how often a call was
 * begun anew after it had failed. Characters that are special in this grammar
 * are percent-encoded in names and keys.
 */
export type Segment =
  | { readonly name: string; readonly variant: number; readonly index: number; readonly inTask?: true }
  | { readonly key: string };

const reserved = /[%/[\]{}~\u0000-\u001f\u007f]/g;
const segmentPattern = /^(?:\{([^/[\]{}~]*)\}|(\/)?([^/[\]{}~]+)(?:~([1-9]\d*))?\[(0|[1-9]\d*)\])$/;

const escape = (text: string): string =>
  text.replace(reserved, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);

const unescape = (text: string): string =>
  text.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

export function formatSegment(segment: Segment): string {
  if ("key" in segment) return `{${escape(segment.key)}}`;
  return `${segment.inTask ? "/" : ""}${escape(segment.name)}${segment.variant > 0 ? `~${segment.variant}` : ""}[${segment.index}]`;
}

export const formatStepId = (segments: readonly Segment[]): string => segments.map(formatSegment).join("/");

/** The id of `segment` in the scope `path`; the root scope is the empty path. */
export const joinStepId = (path: string, segment: Segment): string =>
  path === "" ? formatSegment(segment) : `${path}/${formatSegment(segment)}`;

/** The texts of the segments. */
export const splitStepId = (id: string): string[] => id.split(/(?<!\/)\//);

/** @throws SyntaxError if the text is not a step id */
export function parseStepId(id: string): Segment[] {
  return splitStepId(id).map((text): Segment => {
    const segment = parseSegment(text);
    if (!segment) throw new SyntaxError(`"${id}" is not a step id: "${text}" is neither name[index] nor {key}`);
    return segment;
  });
}

/** Parses one segment. `undefined` if the text is not a segment. */
export function parseSegment(text: string): Segment | undefined {
  const match = segmentPattern.exec(text);
  if (!match) return undefined;
  const [, key, inTask, name, variant, index] = match;
  if (key !== undefined) return { key: unescape(key) };
  const segment = { name: unescape(name ?? ""), variant: Number(variant ?? 0), index: Number(index) };
  return inTask === undefined ? segment : { ...segment, inTask: true };
}

/** The name of the step itself, which is that of the last segment. */
export function stepName(id: string): string {
  const last = parseStepId(id).at(-1);
  return last && "name" in last ? last.name : "";
}

/** The id of the step whose task called the step; undefined where the workflow called it. */
export function outerStepId(id: string): string | undefined {
  const end = id.lastIndexOf("//");
  return end < 0 ? undefined : id.slice(0, end);
}
