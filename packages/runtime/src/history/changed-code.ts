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
import type { Code } from "../definitions/code.ts";
import { renameBetween } from "../renames/renames.ts";
import type { Call } from "./call.ts";
import { addedCalls, countCalls, countScopes, definitionsOf, type NamedCall } from "./compare-modules.ts";

type Rename = readonly [from: string, to: string];

/** Compares the present code with the code versions that recorded the older steps, to explain steps that are no longer reached. */
export class ChangedCode {
  private readonly present: readonly ModuleInfo[];
  private readonly recorded: ReadonlyMap<string, string>;
  private readonly read = new Map<string, readonly ModuleInfo[] | undefined>();
  private readonly codeOf: (row: StepRow) => string | undefined;

  /**
   * @param recorded - the recorded manifests of earlier code versions, by fingerprint
   * @param codeOf - the fingerprint of the code version that gave a step its id
   */
  constructor(present: Code, recorded: ReadonlyMap<string, string>, codeOf: (row: StepRow) => string | undefined) {
    this.present = present.modules;
    this.recorded = recorded;
    this.codeOf = codeOf;
  }

  /** The modules of the code version that gave the step its id; undefined when they are not recorded. */
  private before(row: StepRow): readonly ModuleInfo[] | undefined {
    const code = this.codeOf(row) ?? "";
    if (!this.read.has(code)) this.read.set(code, modulesOf(this.recorded.get(code)));
    return this.read.get(code);
  }

  /**
   * Whether the call is the recorded step in changed surroundings, for example because it was moved into a helper. That is so when
   * the names are the same, no call of that name was added, and a function or loop in which the two paths differ was added or
   * removed. Beginning the call would then repeat the step.
   */
  isMoved(recorded: StepRow, called: string): boolean {
    if (stepName(recorded.id) !== stepName(called)) return false;
    const { present } = this;
    const before = this.before(recorded);
    const [old, now] = [parseStepId(recorded.id), parseStepId(called)];
    if (!before || now.some((segment) => "key" in segment)) return false;
    const name = calledName(recorded);
    if (countCalls(present, name) > countCalls(before, name)) return false;
    const isNew = (scope: string): boolean => countScopes(present, scope) > countScopes(before, scope);
    const isGone = (scope: string): boolean => countScopes(present, scope) < countScopes(before, scope);
    return scopesOf(now, old).some(isNew) || scopesOf(old, now).some(isGone);
  }

  /** Whether the call may be the recorded step under a new name: in the same scope, with a name that only the present code has. */
  isRenamed(recorded: StepRow, called: string): boolean {
    const before = this.before(recorded);
    return (
      before !== undefined && parentOf(recorded.id) === parentOf(called) && countCalls(before, stepName(called)) === 0
    );
  }

  /** New calls that the lost step may have become, the most likely one first, and the rename that would declare it. */
  candidatesFor(
    lost: StepRow,
    pending: readonly Call[],
  ): { readonly added: string[]; readonly rename: Rename | undefined } {
    const calls = pending.filter(({ id, kind }) => kind === lost.kind && id !== lost.id);
    const moved = calls.filter(({ id }) => stepName(id) === stepName(lost.id));
    const before = this.before(lost);
    const names = before ? this.addedLike(lost, before) : [];
    const asCalled = ({ name }: NamedCall): Call | undefined => calls.find(({ id }) => id === sibling(lost.id, name));
    const [likely] = names;
    const renamed = likely ? (asCalled(likely)?.id ?? sibling(lost.id, likely.name)) : undefined;
    const now =
      moved[0]?.id ?? renamed ?? (before ? undefined : calls.find(({ id }) => parentOf(id) === parentOf(lost.id))?.id);
    return {
      added: [
        ...moved.map(({ id, location }) => placed(id, location)),
        ...names.map((call) => placed(asCalled(call)?.id ?? call.name, asCalled(call)?.location ?? call.at[0])),
      ],
      rename: now === undefined ? undefined : this.renameOf(lost.id, now),
    };
  }

  renameOf(recorded: string, called: string): Rename | undefined {
    return renameBetween(recorded, called, (name) => this.isUsed(name));
  }

  private isUsed(name: string): boolean {
    return countCalls(this.present, name) + countScopes(this.present, name) > 0;
  }

  /** Names of the lost step's kind that only the present code calls; the nearest to the place of the lost function first. */
  private addedLike(lost: StepRow, before: readonly ModuleInfo[]): NamedCall[] {
    const kind = definedKinds[lost.kind];
    const [gone] = definitionsOf(before, stepName(lost.id));
    const distance = ({ name }: NamedCall): number => {
      const [fn] = definitionsOf(this.present, name);
      return fn && gone && fn.file === gone.file ? Math.abs(fn.at[0] - gone.at[0]) : Infinity;
    };
    return addedCalls(before, this.present)
      .filter((call) => call.kind === kind)
      .sort((a, b) => distance(a) - distance(b) || 0);
  }
}

export const definedKinds: Partial<Record<StepKind, NamedCall["kind"]>> = { task: "task", child: "workflow" };

/** The name of the step's sites in the manifest. */
export const calledName = ({ id, kind }: StepRow): string =>
  kind === "signal" || kind === "start" ? kind : stepName(id);

/** Names of the scopes that only the first path has. */
function scopesOf(segments: readonly Segment[], others: readonly Segment[]): string[] {
  const names = (path: readonly Segment[]): string[] =>
    path.slice(0, -1).flatMap((each) => ("name" in each ? [each.name] : []));
  const known = new Set(names(others));
  return names(segments).filter((name) => !known.has(name));
}

/** The id of a call of `name` in the place of the step. */
function sibling(id: string, name: string): string {
  const segments = parseStepId(id);
  return formatStepId(
    segments.map((each, place) => (place === segments.length - 1 && "name" in each ? { ...each, name } : each)),
  );
}

const parentOf = (id: string): string => id.slice(0, Math.max(0, id.lastIndexOf("/")));

const placed = (what: string, location: string | undefined): string =>
  location === undefined ? what : `${what} (${location})`;

export function modulesOf(text: string | undefined): readonly ModuleInfo[] | undefined {
  if (text === undefined) return undefined;
  try {
    return parseManifest(JSON.parse(text), "the recorded code").modules;
  } catch (error) {
    if (error instanceof PerdureError || error instanceof SyntaxError) return undefined; // of another version of Perdure: there is less to tell
    throw error;
  }
}
