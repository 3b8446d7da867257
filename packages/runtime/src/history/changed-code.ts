import {
  formatStepId,
  parseManifest,
  parseStepId,
  PerdureError,
  stepName,
  type ModuleInfo,
  type Segment,
} from "@perdure/protocol";
import type { StepKind, StepRow } from "@perdure/store";
import { renameBetween } from "../renames/renames.ts";
import { compareModules, countCalls, countScopes, definitionsOf, type NamedCall } from "./compare-modules.ts";
import type { Code } from "../definitions/code.ts";
import type { Ask } from "../execution/execution.ts";

type Rename = readonly [from: string, to: string];

/** What can be told about recorded steps that the present code does not come to, from the code that recorded them. */
export class ChangedCode {
  private readonly present: readonly ModuleInfo[];
  private readonly recorded: ReadonlyMap<string, string>;
  private readonly read = new Map<string, readonly ModuleInfo[] | undefined>();
  private readonly codeOf: (row: StepRow) => string | undefined;

  /**
   * @param recorded - what is recorded of the earlier codes, by fingerprint
   * @param codeOf - the fingerprint of the code that gave the step its id
   */
  constructor(present: Code, recorded: ReadonlyMap<string, string>, codeOf: (row: StepRow) => string | undefined) {
    this.present = present.modules;
    this.recorded = recorded;
    this.codeOf = codeOf;
  }

  /** Undefined: that code is not known. */
  private before(row: StepRow): readonly ModuleInfo[] | undefined {
    const code = this.codeOf(row) ?? "";
    if (!this.read.has(code)) this.read.set(code, modulesOf(this.recorded.get(code)));
    return this.read.get(code);
  }

  /**
   * Whether the two are one call whose surroundings have changed, for example one that was put into a helper: it has the recorded name and input, no call of that
   * name was added, and what tells the two paths apart (functions, loops) has come or gone. To begin it would do again what is done.
   */
  isMoved(recorded: StepRow, asked: string): boolean {
    if (stepName(recorded.id) !== stepName(asked)) return false;
    const { present } = this;
    const before = this.before(recorded);
    const [old, now] = [parseStepId(recorded.id), parseStepId(asked)];
    if (!before || now.some((segment) => "key" in segment)) return false;
    const name = calledName(recorded);
    if (countCalls(present, name) > countCalls(before, name)) return false;
    const isNew = (scope: string): boolean => countScopes(present, scope) > countScopes(before, scope);
    const isGone = (scope: string): boolean => countScopes(present, scope) < countScopes(before, scope);
    return scopesOf(now, old).some(isNew) || scopesOf(old, now).some(isGone);
  }

  /** Whether the second may be the first by another name: one that only the present code has, in the same place. */
  isRenamed(recorded: StepRow, asked: string): boolean {
    const before = this.before(recorded);
    return (
      before !== undefined && parentOf(recorded.id) === parentOf(asked) && countCalls(before, stepName(asked)) === 0
    );
  }

  /** What is new in the present code and may be what the lost step is now, the likeliest first, and the rename that would say so. */
  candidatesFor(
    lost: StepRow,
    asked: readonly Ask[],
  ): { readonly added: string[]; readonly rename: Rename | undefined } {
    const calls = asked.filter(({ id, spec }) => spec.kind === lost.kind && id !== lost.id);
    const moved = calls.filter(({ id }) => stepName(id) === stepName(lost.id));
    const before = this.before(lost);
    const names = before ? this.addedLike(lost, before) : [];
    const asCalled = ({ name }: NamedCall): Ask | undefined => calls.find(({ id }) => id === sibling(lost.id, name));
    const [likely] = names;
    const renamed = likely ? (asCalled(likely)?.id ?? sibling(lost.id, likely.name)) : undefined;
    const now =
      moved[0]?.id ?? renamed ?? (before ? undefined : calls.find(({ id }) => parentOf(id) === parentOf(lost.id))?.id);
    return {
      added: [
        ...moved.map(({ id, spec }) => placed(id, spec.location)),
        ...names.map((call) => placed(asCalled(call)?.id ?? call.name, asCalled(call)?.spec.location ?? call.at[0])),
      ],
      rename: now === undefined ? undefined : this.renameOf(lost.id, now),
    };
  }

  renameOf(recorded: string, asked: string): Rename | undefined {
    return renameBetween(recorded, asked, (name) => this.isUsed(name));
  }

  private isUsed(name: string): boolean {
    return countCalls(this.present, name) + countScopes(this.present, name) > 0;
  }

  /** The names of the lost step's kind that only the present code has; first what stands where the lost function stood. */
  private addedLike(lost: StepRow, before: readonly ModuleInfo[]): NamedCall[] {
    const kind = definedKinds[lost.kind];
    const [gone] = definitionsOf(before, stepName(lost.id));
    const distance = ({ name }: NamedCall): number => {
      const [fn] = definitionsOf(this.present, name);
      return fn && gone && fn.file === gone.file ? Math.abs(fn.at[0] - gone.at[0]) : Infinity;
    };
    return compareModules(before, this.present)
      .added.filter((call) => call.kind === kind)
      .sort((a, b) => distance(a) - distance(b) || 0);
  }
}

const definedKinds: Partial<Record<StepKind, NamedCall["kind"]>> = { task: "task", child: "workflow" };

/** The name that the step's sites have in the manifest. */
const calledName = ({ id, kind }: StepRow): string => (kind === "signal" || kind === "start" ? kind : stepName(id));

/** Names of the scopes of one path that the other has not. */
function scopesOf(segments: readonly Segment[], others: readonly Segment[]): string[] {
  const names = (path: readonly Segment[]): string[] =>
    path.slice(0, -1).flatMap((each) => ("name" in each ? [each.name] : []));
  const known = new Set(names(others));
  return names(segments).filter((name) => !known.has(name));
}

/** The id of what `name` would be in the place of the step. */
function sibling(id: string, name: string): string {
  const segments = parseStepId(id);
  return formatStepId(
    segments.map((each, place) => (place === segments.length - 1 && "name" in each ? { ...each, name } : each)),
  );
}

const parentOf = (id: string): string => id.slice(0, Math.max(0, id.lastIndexOf("/")));

const placed = (what: string, location: string | undefined): string =>
  location === undefined ? what : `${what} (${location})`;

function modulesOf(text: string | undefined): readonly ModuleInfo[] | undefined {
  if (text === undefined) return undefined;
  try {
    return parseManifest(JSON.parse(text), "the recorded code").modules;
  } catch (error) {
    if (error instanceof PerdureError || error instanceof SyntaxError) return undefined; // of another version of Perdure: there is less to tell
    throw error;
  }
}
