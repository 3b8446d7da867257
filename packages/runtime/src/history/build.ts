import {
  parseManifest,
  parseStepId,
  stepName,
  type FunctionInfo,
  type ModuleInfo,
  type Position,
} from "@perdure/protocol";
import type { RunRow, StepRow } from "@perdure/store";
import { codeFrom, type Code } from "../definitions/code.ts";
import { Renames, type WorkflowPlace } from "../renames/renames.ts";
import { calledName, definedKinds, modulesOf } from "./changed-code.ts";
import { earlierCodeVersions } from "./code-spans.ts";
import { countCalls, countScopes, definitionsOf } from "./compare-modules.ts";
import { History } from "./history.ts";

/** What a build would do with a run, as far as its manifest tells. */
export interface Verdict {
  /** `same`: the run knows no other code. `may stop`: a call stands elsewhere, or the manifest does not tell. */
  readonly outcome: "same" | "continues" | "may stop" | "stops" | "not resumed";
  /** The code of the error that the run would stop with. */
  readonly code?:
    "STEPS_LOST" | "STEP_MOVED" | "STEP_KIND_DIFFERS" | "WORKFLOW_NOT_LOADED" | "WORKFLOW_AMBIGUOUS" | "BLOCKED";
  readonly reason?: string;
  readonly steps: readonly { readonly id: string; readonly location?: string }[];
}

/** A workflow of the build. */
interface Found {
  readonly module: ModuleInfo;
  readonly name: string;
}

interface BuildOptions {
  readonly renames?: Readonly<Record<string, string>>;
  readonly lostSteps?: "stop" | "report";
}

/** What is wrong with one recorded step under the new code. */
interface Problem {
  readonly code: "STEPS_LOST" | "STEP_MOVED" | "STEP_KIND_DIFFERS";
  readonly isCertain: boolean;
}

/** A build of a program, by its manifest: compares recorded runs with it, without loading it. */
export class Build {
  private readonly modules: readonly ModuleInfo[];
  private readonly renames: Renames;
  private readonly lostSteps: "stop" | "report";
  private readonly codes = new Map<ModuleInfo, Code>();

  /**
   * @param options - those of `configure` that the program has
   * @throws PerdureError `MANIFEST_INVALID`, `RENAME_INVALID`
   */
  constructor(manifest: unknown, source: string, { renames = {}, lostSteps = "stop" }: BuildOptions = {}) {
    this.modules = parseManifest(manifest, source).modules;
    this.renames = new Renames(renames);
    this.lostSteps = lostSteps;
  }

  /** Whether the build has the run's workflow. */
  has({ workflow, file }: Pick<RunRow, "workflow" | "file">): boolean {
    return this.workflowOf({ name: workflow, file }).length > 0;
  }

  /** Whether the run knows no other code than the build's, so that its steps need not be looked at. */
  isSame({ workflow, file, code, blocked }: Pick<RunRow, "workflow" | "file" | "code" | "blocked">): boolean {
    const [found, ...others] = this.workflowOf({ name: workflow, file });
    return !blocked && others.length === 0 && found !== undefined && this.codeOf(found.module).fingerprint === code;
  }

  /** The fingerprints of the code versions that `verdictOn` needs the manifests of. */
  codesOf(run: Pick<RunRow, "code" | "codeHistory">): string[] {
    return earlierCodeVersions(run, "");
  }

  /** @param recorded - the recorded manifests of earlier code versions, by fingerprint */
  verdictOn(run: RunRow, steps: readonly StepRow[], recorded: ReadonlyMap<string, string>): Verdict {
    const found = this.workflowOf({ name: run.workflow, file: run.file });
    if (found.length !== 1) {
      const code = found.length === 0 ? "WORKFLOW_NOT_LOADED" : "WORKFLOW_AMBIGUOUS";
      const reason =
        found.length === 0
          ? `the build has no workflow ${run.workflow}`
          : `the build has the workflow ${run.workflow} in ${found.map(({ module }) => module.file).join(", ")}`;
      return { outcome: "not resumed", code, reason, steps: [] };
    }
    const [{ module, name }] = found as [Found];
    const code = this.codeOf(module);
    if (run.blocked?.code === code.fingerprint)
      return { outcome: "stops", code: "BLOCKED", reason: run.blocked.message, steps: [] };
    if (this.isSame(run)) return { outcome: "same", steps: [] };
    const verdict = verdictOf(this.problems(run, steps, code, { recorded, workflow: name }));
    return verdict.code === "STEPS_LOST" && this.lostSteps === "report"
      ? { ...verdict, outcome: "continues" }
      : verdict;
  }

  private codeOf(module: ModuleInfo): Code {
    const known = this.codes.get(module);
    if (known) return known;
    const code = codeFrom(module, (file) =>
      this.modules.find((each) => each.file === file && each.package === module.package),
    );
    this.codes.set(module, code);
    return code;
  }

  /** The modules that may have the run's workflow: as `findWorkflow` finds it among the loaded ones. */
  private workflowOf(recorded: WorkflowPlace): Found[] {
    const renamed = this.renames.workflowsOf(recorded);
    const places = [recorded, ...renamed];
    const named = (name: string): Found[] =>
      this.modules
        .filter(({ functions }) => functions.some((fn) => fn.kind === "workflow" && fn.name === name))
        .map((module) => ({ module, name }));
    for (const { name, file } of places) {
      const exact = named(name).filter(({ module }) => module.file === file);
      if (exact.length > 0) return exact;
    }
    const last = renamed.findLastIndex(({ declared }) => declared);
    for (const { name } of places.slice(last === -1 ? 0 : last + 2)) {
      const found = named(name);
      if (found.length > 0) return found;
    }
    return [];
  }

  private problems(
    run: RunRow,
    steps: readonly StepRow[],
    code: Code,
    { recorded, workflow }: { readonly recorded: ReadonlyMap<string, string>; readonly workflow: string },
  ): [StepRow, Problem][] {
    const history = new History(steps, run, code.fingerprint, this.renames);
    const before = new Map<string, readonly ModuleInfo[] | undefined>();
    const modulesBefore = (row: StepRow): readonly ModuleInfo[] | undefined => {
      const of = history.codeOf(row) ?? run.code;
      if (!before.has(of)) before.set(of, modulesOf(recorded.get(of)));
      return before.get(of);
    };
    const isReached = (row: StepRow): boolean =>
      row.kind === "cancel" || row.id.includes("//") || history.isBeforeRetry(row);
    return [...history.unreached(() => false), ...steps.filter(({ state }) => state === "open")].flatMap((row) => {
      if (isReached(row) || !history.isOld(row)) return [];
      const ids = [row.id, ...history.idsOf(row)];
      const found = ids.map((id) =>
        problemOf({ ...row, id }, code.modules, id === row.id ? modulesBefore(row) : undefined, [
          run.workflow,
          workflow,
        ]),
      );
      const [problem] = found;
      return problem && found.every((each) => each !== undefined) ? [[row, problem] as [StepRow, Problem]] : [];
    });
  }
}

function verdictOf(problems: readonly (readonly [StepRow, Problem])[]): Verdict {
  // a lost step says more than a moved one, and a certain problem more than a possible one
  const certain = problems.filter(([, { isCertain }]) => isCertain);
  const told = certain.length > 0 ? certain : problems;
  const code = (["STEPS_LOST", "STEP_KIND_DIFFERS", "STEP_MOVED"] as const).find((each) =>
    told.some(([, problem]) => problem.code === each),
  );
  if (code === undefined) return { outcome: "continues", steps: [] };
  const rows = told.filter(([, problem]) => problem.code === code).map(([row]) => row);
  const steps = rows.map(({ id, location }) => ({ id, ...(location !== undefined && { location }) }));
  return { outcome: certain.length > 0 ? "stops" : "may stop", code, reason: REASONS[code], steps };
}

const REASONS = {
  STEPS_LOST: "the build no longer calls the recorded steps",
  STEP_MOVED: "the build calls the recorded steps in other functions or loops",
  STEP_KIND_DIFFERS: "the build has something else under the names of the recorded steps",
} as const;

/**
 * What the new code has against a recorded step.
 * @param before - the modules of the code that recorded it; undefined where they are not known, or the step is looked at under a new name
 */
function problemOf(
  row: StepRow,
  now: readonly ModuleInfo[],
  before: readonly ModuleInfo[] | undefined,
  [workflow, workflowNow]: readonly [string, string],
): Problem | undefined {
  const isFinished = row.state !== "open";
  const segments = parseStepId(row.id);
  const last = segments.at(-1);
  const name = calledName(row);
  const kind = definedKinds[row.kind];
  if (last === undefined || "key" in last) return undefined; // an explicit key: nothing is known of its call
  const calls = countCalls(now, name);
  // called by code that is in no manifest, such as that of a package: nothing is known of it
  if (calls === 0 && before && countCalls(before, name) === 0) return undefined;
  if (calls === 0) return isFinished ? { code: "STEPS_LOST", isCertain: true } : undefined;
  const definitions = definitionsOf(now, stepName(row.id));
  if (kind !== undefined && definitions.length > 0 && !definitions.some((fn) => fn.kind === kind))
    return { code: "STEP_KIND_DIFFERS", isCertain: true };
  if (!before) return undefined;
  const callsBefore = countCalls(before, name);
  const scopes = segments.slice(0, -1).flatMap((each) => ("name" in each ? [each.name] : []));
  const gone = scopes.filter((scope) => countScopes(now, scope) < countScopes(before, scope));
  if (gone.length > 0) return { code: "STEP_MOVED", isCertain: gone.some((scope) => countScopes(now, scope) === 0) };
  if (isFinished && row.kind !== "signal" && last.index >= calls && last.index < callsBefore)
    return { code: "STEPS_LOST", isCertain: true };
  if (calls > callsBefore) return undefined; // the added call may be anywhere
  const owner = ownerOf(scopes, before, workflow);
  return hasLeft(name, [owner, owner === workflow ? workflowNow : owner], before, now);
}

const LOOPS = new Set<string>(["for", "while", "do"]);

/** The function that makes the call, by the scopes of the step. */
const ownerOf = (scopes: readonly string[], before: readonly ModuleInfo[], workflow: string): string =>
  scopes.findLast((scope) => !LOOPS.has(scope) && definitionsOf(before, scope).length > 0) ?? workflow;

/** Whether calls of `name` have left the function `owner`: they stand in others now. */
function hasLeft(
  name: string,
  [owner, ownerNow]: readonly [string, string],
  before: readonly ModuleInfo[],
  now: readonly ModuleInfo[],
): Problem | undefined {
  const old = sitesOf(before, name);
  const present = sitesOf(now, name);
  const known = new Set(old.map(({ nearest }) => nearest?.name));
  if (!known.has(owner) || present.some(({ nearest }) => nearest?.name === ownerNow)) return undefined;
  const elsewhere = present.filter(({ nearest }) => nearest && !known.has(nearest.name));
  // without a call less, one may only seem to have left: a closure of a known name begins before it
  if (elsewhere.length === 0)
    return present.length < old.length
      ? { code: "STEPS_LOST", isCertain: true }
      : { code: "STEP_MOVED", isCertain: false };
  // a closure that begins before the call need not contain it; a function that is called by its name is another scope
  const isCertain = elsewhere.every(
    ({ nearest, line }) =>
      nearest && (nearest.at[0] === line || countCalls(now, nearest.name) > countCalls(before, nearest.name)),
  );
  return { code: "STEP_MOVED", isCertain };
}

interface Site {
  readonly line: number;
  /** The last function that begins before the call, in its file. Nearly always, that is the one that makes the call. */
  readonly nearest: FunctionInfo | undefined;
}

function sitesOf(modules: readonly ModuleInfo[], name: string): Site[] {
  return modules.flatMap(({ sites, functions }) => {
    /** As programs are laid out, a function has ended where it has a call in its first line, or where it is called by its name. */
    const hasEnded = (fn: FunctionInfo, at: Position): boolean =>
      sites.some(
        ([called, line, column]) =>
          isBefore(fn.at, [line, column]) &&
          isBefore([line, column], at) &&
          (called === fn.name || (line === fn.at[0] && at[0] > line)),
      );
    return sites
      .filter(([called]) => called === name)
      .map(([, line, column]) => ({
        line,
        nearest: functions.findLast((fn) => isBefore(fn.at, [line, column]) && !hasEnded(fn, [line, column])),
      }));
  });
}

const isBefore = (a: Position, b: Position): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
