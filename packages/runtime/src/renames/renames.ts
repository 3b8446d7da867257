import { formatStepId, parseStepId, PerdureError, type Segment } from "@perdure/protocol";
import {
  formatPattern,
  mayLead,
  movePath,
  parseRename,
  workflowName,
  type RenameRule,
  type SegmentPattern,
  type WorkflowPlace,
} from "./rules.ts";

export type { WorkflowPlace } from "./rules.ts";

/**
 * Names and paths that were changed after runs were recorded, old → new. Each side is a name (`charge`, `signal:paid`: in any place of a
 * step id, and of a workflow's runs), a step path or the beginning of one (`for/charge[0]`: a segment without an index stands for
 * every index, in the order of the segments), or a workflow with its file (`src/a.ts#order`).
 */
export class Renames {
  readonly rules: readonly RenameRule[];
  private readonly names = new Map<string, string>();
  private readonly paths: readonly Extract<RenameRule, { kind: "path" }>[];

  /** @throws PerdureError `RENAME_INVALID` */
  constructor(given: Readonly<Record<string, string>> = {}) {
    this.rules = Object.entries(given).map(([from, to]) => parsed(from, to));
    this.paths = this.rules.filter((rule) => rule.kind === "path");
    for (const rule of this.rules) if (rule.kind === "name") this.addName(rule);
    assertNoCircle(this.rules);
  }

  /** `start(order, …)` is a step too, called `start:order`. */
  private addName({ old, now }: Extract<RenameRule, { kind: "name" }>): void {
    this.names.set(old, now);
    if (!old.includes(":") && !now.includes(":")) this.names.set(`start:${old}`, `start:${now}`);
  }

  /** The rules as text. */
  get texts(): string[] {
    return this.rules.map(textOf);
  }

  /** The renames without those of `texts`. */
  without(texts: readonly string[]): Renames {
    if (texts.length === 0) return this;
    return new Renames(
      Object.fromEntries(this.rules.filter((rule) => !texts.includes(textOf(rule))).map(({ from, to }) => [from, to])),
    );
  }

  get isEmpty(): boolean {
    return this.rules.length === 0;
  }

  /** The ids that the renames lead to from `id`, without `id` itself; those of fewer renames first. */
  idsOf(id: string): string[] {
    if (this.names.size === 0 && this.paths.length === 0) return [];
    return closure(id, (each) => {
      const segments = parseStepId(each);
      return [...this.paths.map((rule) => movePath(rule, segments)), this.renamed(segments)].flatMap((next) =>
        next ? [formatStepId(next)] : [],
      );
    });
  }

  /** Renames all names at once: a step in two renamed functions needs both. */
  private renamed(segments: readonly Segment[]): Segment[] | undefined {
    if (!segments.some((each) => "name" in each && this.names.has(each.name))) return undefined;
    return segments.map((each) => ("name" in each ? { ...each, name: this.names.get(each.name) ?? each.name } : each));
  }

  /** The names that the renames lead to from the signal `name`, without `name` itself. */
  signalsOf(name: string): string[] {
    const prefix = "signal:";
    return closure(prefix + name, (each) => orNothing(this.names.get(each))).flatMap((each) =>
      each.startsWith(prefix) ? [each.slice(prefix.length)] : [],
    );
  }

  /** The workflows that the renames lead to from a recorded one, without itself. `declared`: the rename names the new file. */
  workflowsOf(recorded: WorkflowPlace): (WorkflowPlace & { readonly declared: boolean })[] {
    const found = [{ ...recorded, declared: false }];
    for (const each of found) {
      for (const rule of this.rules) {
        const next = renamedWorkflow(rule, each);
        if (next && !found.some(({ name, file }) => name === next.name && file === next.file)) found.push(next);
      }
    }
    return found.slice(1);
  }

  /** What the renames may lead to from a workflow of this name, whatever its file, and the files that they compare. */
  reachableFrom(name: string): { readonly names: string[]; readonly files: string[] } {
    const names = new Set([name]);
    const files = new Set<string>();
    for (const each of names) {
      for (const rule of this.rules) {
        if (workflowName(rule, "old") !== each) continue;
        names.add(workflowName(rule, "now") ?? each);
        if (rule.kind === "workflow") files.add(rule.old.file).add(rule.now.file);
      }
    }
    return { names: [...names], files: [...files] };
  }

  /** The names under which runs of the workflows `names` may be recorded, including `names`. A run with such a name may belong to another workflow. */
  namesBefore(names: Iterable<string>): string[] {
    const found = new Set(names);
    for (const name of found) {
      for (const rule of this.rules)
        if (workflowName(rule, "now") === name) found.add(workflowName(rule, "old") ?? name);
    }
    return [...found];
  }
}

const textOf = ({ from, to }: RenameRule): string => `${from} → ${to}`;

const orNothing = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);

/** Everything that repeated use of `next` leads to. The loop also visits the values that it adds. It ends since no rule leads back to itself. */
function closure(start: string, next: (each: string) => readonly string[]): string[] {
  const found = new Set([start]);
  for (const each of found) for (const added of next(each)) found.add(added);
  found.delete(start);
  return [...found];
}

function renamedWorkflow(
  rule: RenameRule,
  { name, file }: WorkflowPlace,
): (WorkflowPlace & { readonly declared: boolean }) | undefined {
  if (rule.kind === "name") return rule.old === name ? { name: rule.now, file, declared: false } : undefined;
  if (rule.kind === "path" || rule.old.name !== name || rule.old.file !== file) return undefined;
  return { ...rule.now, declared: true };
}

function parsed(from: string, to: unknown): RenameRule {
  const invalid = (problem: string): PerdureError =>
    new PerdureError("RENAME_INVALID", { from, to: String(to), problem });
  if (typeof to !== "string") throw invalid("the new side is not text");
  try {
    return parseRename(from, to);
  } catch (error) {
    throw error instanceof SyntaxError ? invalid(error.message) : error;
  }
}

function assertNoCircle(rules: readonly RenameRule[]): void {
  const done = new Set<RenameRule>();
  const visit = (rule: RenameRule, above: readonly RenameRule[]): void => {
    const place = above.indexOf(rule);
    if (place >= 0) throw circle(above.slice(place));
    if (done.has(rule)) return;
    for (const next of rules) if (mayLead(rule, next)) visit(next, [...above, rule]);
    done.add(rule);
  };
  for (const rule of rules) visit(rule, []);
}

function circle(rules: readonly RenameRule[]): PerdureError {
  const [first] = rules;
  const chain = rules.map(({ from, to }) => `"${from}" → "${to}"`).join(", ");
  return new PerdureError("RENAME_INVALID", {
    from: first?.from ?? "",
    to: first?.to ?? "",
    problem: `it leads back to itself: ${chain}`,
  });
}

/**
 * The rename that turns one id into the other: of the name if that is the only difference, else of the path. Undefined if there is none.
 * @param isUsed - whether the present code still uses the name: then only the path can be renamed
 */
export function renameBetween(
  old: string,
  now: string,
  isUsed: (name: string) => boolean,
): readonly [from: string, to: string] | undefined {
  const rename = proposal(parseStepId(old), parseStepId(now), isUsed);
  try {
    return new Renames({ [rename[0]]: rename[1] }).idsOf(old).includes(now) ? rename : undefined;
  } catch (error) {
    if (error instanceof PerdureError) return undefined;
    throw error;
  }
}

function proposal(
  old: readonly Segment[],
  now: readonly Segment[],
  isUsed: (name: string) => boolean,
): readonly [string, string] {
  const names = new Map(old.flatMap((segment, place) => renamedAt(segment, now[place])));
  const [[from, to] = ["", ""]] = names;
  const isShape = old.length === now.length && old.every((segment, place) => isSamePlace(segment, now[place]));
  if (isShape && names.size === 1 && !isUsed(from)) return [nameOf(from), nameOf(to)];
  const free = old.length === 1 ? 0 : old.length; // a single name without an index would mean that name everywhere
  if (isShape) return [pattern(old, free), pattern(now, free)];
  const common = old.findIndex((segment, place) => JSON.stringify(segment) !== JSON.stringify(now[place]));
  return [pattern(old, common), pattern(now, common)];
}

const renamedAt = (old: Segment, now: Segment | undefined): [string, string][] =>
  now && "name" in old && "name" in now && old.name !== now.name ? [[old.name, now.name]] : [];

const isSamePlace = (old: Segment, now: Segment | undefined): boolean =>
  now !== undefined &&
  ("key" in old || "key" in now
    ? JSON.stringify(old) === JSON.stringify(now)
    : old.index === now.index && old.variant === now.variant);

/** The path as text. Its first `free` segments stand for every index. */
const pattern = (segments: readonly Segment[], free: number): string =>
  segments
    .map((each, place): SegmentPattern => ("name" in each && place < free ? { ...each, index: undefined } : each))
    .map(formatPattern)
    .join("/");

const nameOf = (name: string): string => formatPattern({ name, variant: 0, index: undefined });
