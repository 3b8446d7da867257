import { formatSegment, parseSegment, splitStepId, type Segment } from "@perdure/protocol";

/** A segment of a path in a rename. Without an index it stands for every index. */
export type SegmentPattern =
  { readonly name: string; readonly variant: number; readonly index: number | undefined } | { readonly key: string };

type RenameSide =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "path"; readonly segments: readonly SegmentPattern[] }
  | { readonly kind: "workflow"; readonly file: string; readonly name: string };

export type RenameRule = { readonly from: string; readonly to: string } & (
  | { readonly kind: "name"; readonly old: string; readonly now: string }
  | { readonly kind: "path"; readonly old: readonly SegmentPattern[]; readonly now: readonly SegmentPattern[] }
  | { readonly kind: "workflow"; readonly old: WorkflowPlace; readonly now: WorkflowPlace }
);

/** The workflow of a run, as it is recorded. */
export interface WorkflowPlace {
  readonly name: string;
  readonly file: string;
}

/** @throws SyntaxError whose message names the mistake */
export function parseRename(from: string, to: string): RenameRule {
  if (from === to) throw new SyntaxError("both sides are the same");
  const [old, now] = [parseSide(from), parseSide(to)];
  if (old.kind === "name" && now.kind === "name") return { kind: "name", from, to, old: old.name, now: now.name };
  if (old.kind === "workflow" && now.kind === "workflow")
    return { kind: "workflow", from, to, old: placeOf(old), now: placeOf(now) };
  if (old.kind === "workflow" || now.kind === "workflow")
    throw new SyntaxError("only one side is a workflow with its file");
  const [path, moved] = [segmentsOf(old), segmentsOf(now)];
  if (free(path) !== free(moved)) throw new SyntaxError("both sides need the same number of segments without an index");
  return { kind: "path", from, to, old: path, now: moved };
}

const placeOf = ({ name, file }: WorkflowPlace): WorkflowPlace => ({ name, file });

/** Opposite a path, a name stands for the path of its calls in the workflow itself. */
const segmentsOf = (side: Exclude<RenameSide, { kind: "workflow" }>): readonly SegmentPattern[] =>
  side.kind === "path" ? side.segments : [{ name: side.name, variant: 0, index: undefined }];

const free = (segments: readonly SegmentPattern[]): number => segments.filter(isFree).length;
const isFree = (segment: SegmentPattern): boolean => "name" in segment && segment.index === undefined;

function parseSide(text: string): RenameSide {
  // a private method has a "#" too, but nothing before it looks like a file
  const [, file, workflow] = /^([^#]*\.\w+)#([^#]+)$/.exec(text) ?? [];
  if (file !== undefined && workflow !== undefined) return { kind: "workflow", file, name: workflow };
  const segments = splitStepId(text).map(parsePattern);
  const [first] = segments;
  const isName = first && "name" in first && segments.length === 1 && first.index === undefined && first.variant === 0;
  return isName ? { kind: "name", name: first.name } : { kind: "path", segments };
}

function parsePattern(text: string): SegmentPattern {
  const isWhole = /[\]}]$/.test(text);
  const segment = parseSegment(isWhole ? text : `${text}[0]`);
  if (!segment) throw new SyntaxError(`"${text}" is neither name, name[index] nor {key}`);
  return "key" in segment || isWhole ? segment : { ...segment, index: undefined };
}

/** The segments with the new path in place of the old one, or undefined when they do not begin with it. */
export function movePath(
  { old, now }: Extract<RenameRule, { kind: "path" }>,
  segments: readonly Segment[],
): Segment[] | undefined {
  if (segments.length < old.length || !old.every((pattern, place) => matches(pattern, segments[place])))
    return undefined;
  const indexes = segments
    .slice(0, old.length)
    .flatMap((segment, place) => (isFreeAt(old, place) && "name" in segment ? [segment.index] : []));
  const moved = now.map((pattern): Segment =>
    "key" in pattern ? pattern : { ...pattern, index: pattern.index ?? indexes.shift() ?? 0 },
  );
  return [...moved, ...segments.slice(old.length)];
}

const isFreeAt = (segments: readonly SegmentPattern[], place: number): boolean =>
  isFree(segments[place] ?? { key: "" });

function matches(pattern: SegmentPattern, segment: Segment | SegmentPattern | undefined): boolean {
  if (!segment) return false;
  if ("key" in pattern || "key" in segment) return "key" in pattern && "key" in segment && pattern.key === segment.key;
  return pattern.name === segment.name && pattern.variant === segment.variant && isSame(pattern.index, segment.index);
}

const isSame = (a: number | undefined, b: number | undefined): boolean => a === undefined || b === undefined || a === b;

/**
 * Whether `second` may apply to a result of `first`. Errs on the side of true: if no rule leads back to itself in this sense, every
 * chain of rules ends.
 */
export function mayLead(first: RenameRule, second: RenameRule): boolean {
  if (first.kind === "workflow" || second.kind === "workflow") return mayLeadWorkflow(first, second);
  if (second.kind === "name") return first.kind === "name" ? first.now === second.old : holds(first.now, second.old);
  if (first.kind === "name") return holds(second.old, first.now);
  return first.now.every((pattern, place) => place >= second.old.length || matches(pattern, second.old[place]));
}

const holds = (segments: readonly SegmentPattern[], name: string): boolean =>
  segments.some((each) => "name" in each && each.name === name);

function mayLeadWorkflow(first: RenameRule, second: RenameRule): boolean {
  const [now, old] = [workflowName(first, "now"), workflowName(second, "old")];
  if (now === undefined || now !== old) return false;
  return first.kind !== "workflow" || second.kind !== "workflow" || first.now.file === second.old.file;
}

/** The name of the workflows that a rule applies to; undefined for a path. */
export function workflowName(rule: RenameRule, side: "old" | "now"): string | undefined {
  if (rule.kind === "path") return undefined;
  const given = rule[side];
  return typeof given === "string" ? given : given.name;
}

export const formatPattern = (pattern: SegmentPattern): string =>
  "key" in pattern
    ? formatSegment(pattern)
    : formatSegment({ ...pattern, index: pattern.index ?? 0 }).replace(
        pattern.index === undefined ? /\[0\]$/ : /$^/,
        "",
      );
