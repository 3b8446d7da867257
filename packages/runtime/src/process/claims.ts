import type { RunRow } from "@perdure/store";
import { blockKey, codeOf } from "../definitions/code.ts";
import type { WorkflowDefinition } from "../definitions/definition.ts";
import { isSuperseded } from "../definitions/registry.ts";
import { findWorkflow } from "../definitions/workflows.ts";
import type { RunRequest } from "../execution/host.ts";
import { earlierCodeVersions } from "../history/code-spans.ts";
import type { WorkflowPlace } from "../renames/renames.ts";
import type { ProcessContext } from "./context.ts";
import { isDead } from "./owner.ts";
import type { RunsInMemory } from "./runs-in-memory.ts";

/** How many runs one query of the store returns. */
export const PAGE = 1000;

/** The workflow that a run was recorded for. */
export const placeOf = ({ workflow, file }: RunRow): WorkflowPlace => ({ name: workflow, file });

/** Makes this process the owner of runs that it can execute (R5). */
export class Claims {
  private readonly context: ProcessContext;
  private readonly runs: RunsInMemory;
  /** Requests of followed runs whose callers brought the workflow's body. */
  private readonly bodies = new Map<string, RunRequest>();

  constructor(context: ProcessContext, runs: RunsInMemory) {
    this.context = context;
    this.runs = runs;
  }

  /** Keeps the body that a caller brought, for the next claim of the run. False: the one from an earlier caller is as good. */
  keepBody(id: string, request: RunRequest): boolean {
    const kept = this.bodies.get(id);
    if (!request.body || (kept && !isSuperseded(kept.definition))) return false;
    this.bodies.set(id, request);
    return true;
  }

  forgetBody(id: string): void {
    this.bodies.delete(id);
  }

  /** Whether the run may need this process: it is due, pending, or its owner may be dead. The claim itself decides. */
  mayClaim({ status, wakeAt, owner, leaseUntil }: RunRow): boolean {
    const now = this.context.clock.now();
    if (status === "waiting") return wakeAt !== undefined && wakeAt <= now;
    if (status === "pending" || owner === undefined) return true;
    return owner === this.context.owner || (leaseUntil ?? 0) < now || isDead(owner);
  }

  /** Claims the run and begins to execute it. False when this program cannot execute it, or another process was faster. */
  async claim(row: RunRow): Promise<boolean> {
    const request = this.keptRequest(row) ?? this.requestFor(row);
    if (!request || this.runs.has(row.id)) return false;
    return this.runs.claiming(row.id, this.claimAndExecute(row, request));
  }

  private async claimAndExecute(row: RunRow, request: RunRequest): Promise<boolean> {
    const { clock, store, owner, settings } = this.context;
    const now = clock.now();
    const from = row.owner !== undefined && { from: { owner: row.owner, epoch: row.epoch } };
    const claimed = await store.claim({ run: row.id, lease: { owner, until: now + settings.lease }, now, ...from });
    if (!claimed) return false;
    const steps = await store.steps(row.id);
    this.runs.execute(claimed, request, steps, await this.codeVersions(claimed, request.definition));
    return true;
  }

  /** The recorded manifests of the code versions that ran the run's older steps, by fingerprint. */
  private async codeVersions(run: RunRow, definition: WorkflowDefinition): Promise<ReadonlyMap<string, string>> {
    const versions = earlierCodeVersions(run, codeOf(definition).fingerprint);
    const found = await Promise.all(
      versions.map(async (version) => [version, await this.context.store.getCode(version)] as const),
    );
    return new Map(found.flatMap(([version, modules]) => (modules === undefined ? [] : [[version, modules]])));
  }

  /** The request of a caller. A workflow whose module was evaluated again is executed with the newer code, if that has it. */
  private keptRequest(row: RunRow): RunRequest | undefined {
    const kept = this.bodies.get(row.id);
    return kept && isSuperseded(kept.definition) ? (this.requestFor(row) ?? kept) : kept;
  }

  /**
   * How to execute a run by its workflow's name. Undefined where no loaded module has the workflow, or its name is not one of `wanted`.
   */
  requestFor(row: RunRow, wanted?: readonly string[]): RunRequest | undefined {
    try {
      const definition = findWorkflow(placeOf(row), this.context.settings.renames);
      if (!definition?.fn) return undefined;
      if (wanted && !wanted.includes(definition.info.name) && !wanted.includes(row.workflow)) return undefined;
      return { definition, args: [], id: row.id };
    } catch (error) {
      this.context.log.error(`run ${row.id} is not resumed: ${String(error)}`, { run: row.id });
      return undefined;
    }
  }

  /** Some of the runs that this program can execute, no living process executes, and `isWanted` accepts, oldest first; none if there are none. */
  async claimable(workflows: readonly string[], isWanted: (row: RunRow) => boolean = () => true): Promise<RunRow[]> {
    const store = await this.context.ready();
    const names = this.context.settings.renames.namesBefore(workflows);
    const alive = new Set<string>(); // without this process: it may have dropped a run without writing so
    for (let limit = PAGE; ; limit *= 2) {
      const now = this.context.clock.now();
      const rows = await store.unfinished({ workflows: names, now, limit, alive: [...alive] });
      const claimable = rows.filter(
        (row) =>
          !this.runs.has(row.id) &&
          this.mayClaim(row) &&
          isWanted(row) &&
          this.requestFor(row, workflows) !== undefined,
      );
      if (claimable.length > 0 || rows.length < limit) return claimable;
      for (const { owner } of rows) if (owner !== undefined) alive.add(owner); // the next page is without their runs
    }
  }

  /** Claims every claimable run. Resolves with their ids. */
  async claimAll(workflows: readonly string[], claimed: (id: string) => void): Promise<void> {
    const seen = new Set<string>();
    const isNew = ({ id }: RunRow): boolean => !seen.has(id);
    for (
      let rows = await this.claimable(workflows, isNew);
      rows.length > 0;
      rows = await this.claimable(workflows, isNew)
    ) {
      for (const row of rows) {
        seen.add(row.id);
        if (await this.claim(row)) claimed(row.id);
      }
    }
  }

  /** Claims a run and executes it until it ends, waits, or stops. False when another process was faster. */
  async executeOnce(row: RunRow): Promise<boolean> {
    if (!(await this.claim(row))) return false;
    const end = await this.runs.get(row.id)?.ended;
    if (end?.type === "stopped") this.context.log.error(`run ${row.id} stopped: ${String(end.error)}`, { run: row.id });
    return true;
  }

  /** Whether the run was stopped under the code that this program has: it would only stop again. */
  isBlocked(row: RunRow): boolean {
    const { settings } = this.context;
    const definition = row.blocked && findWorkflow(placeOf(row), settings.renames);
    return definition !== undefined && blockKey(codeOf(definition), settings) === row.blocked?.code;
  }
}
