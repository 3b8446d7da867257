import { randomUUID } from "node:crypto";
import { PerdureError } from "@perdure/protocol";
import type { WorkflowPlace } from "../renames/renames.ts";
import {
  hasEnded,
  openStore,
  type Awaitable,
  type NewRun,
  type RunFilter,
  type RunRow,
  type StepRow,
  type Store,
  type Write,
} from "@perdure/store";
import { systemClock, type Clock } from "../config/clock.ts";
import { blockKey, codeOf } from "../definitions/code.ts";
import { codesBefore, newHistory } from "../history/code-spans.ts";
import { createCodec, versioned, type ValueStore } from "../values/codec.ts";
import { Committer } from "./committer.ts";
import { countedStore } from "../test-kit/counted-store.ts";
import { CancelledError } from "../values/errors.ts";
import { Execution, type ExecutionEnd } from "../execution/execution.ts";
import { fullFingerprint } from "../values/fingerprint.ts";
import type { Body, Host, RunEnd, RunRequest, Settings, StepEvent } from "../execution/host.ts";
import { filtered, type Logger } from "../config/logger.ts";
import { createOwner, isDead } from "./owner.ts";
import {
  findWorkflow,
  isRunOf,
  isSuperseded,
  registry,
  type AnyFunction,
  type WorkflowDefinition,
} from "../definitions/registry.ts";
import { checkId, defaultRunId, runIdOf } from "../definitions/run-id.ts";
import { settingsOf, type RuntimeOptions } from "../config/settings.ts";
import { parseWith } from "../values/schema.ts";
import { Sleepers } from "./sleepers.ts";

/** How many runs of one look at the store are taken up. */
const PAGE = 1000;

/** Event-loop turns without a sign of life after which an attempt with a timeout counts as waiting for it. */
const TURNS_WITH_TIMEOUT = 50;

/** Milliseconds that `close` gives to running attempts. */
const CLOSE_LIMIT = 10_000;

/** Everything of one process that works on one store: the runs in its memory, its leases, its commits. */
export class Runtime implements Host {
  readonly clock: Clock;
  readonly values: ValueStore;
  readonly settings: Settings;
  readonly log: Logger;
  readonly owner: string = createOwner();
  readonly store: Store;

  private readonly options: RuntimeOptions;
  private readonly committer: Committer;
  private readonly executions = new Map<string, Execution>();
  private readonly followed = new Map<string, Promise<RunEnd>>();
  private readonly sleepers: Sleepers;
  /** Runs whose end somebody here waits for: they hear of a stop themselves. */
  private readonly observed = new Set<string>();
  /** Requests of followed runs whose callers have brought the body along. */
  private readonly bodies = new Map<string, RunRequest>();
  /** Runs that are about to become ours, by id. */
  private readonly arrivals = new Map<string, Promise<unknown>>();
  /** Calls of the store that it has not answered yet. */
  private unanswered = 0;
  private opened: Promise<void> | undefined;
  private closed = false;
  private stopPolling: (() => void) | undefined;
  private renewedAt = 0;
  /** Copies of this package that have been told of; one is as it should be. */
  private copiesTold = 1;

  constructor(options: RuntimeOptions = {}) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.values = versioned(options.codec ?? createCodec(options.classes));
    this.settings = settingsOf(options);
    this.log = filtered(options.logger, options.logLevel);
    const store = options.store ?? process.env["PERDURE_STORE"] ?? "sqlite:perdure.db";
    const given = typeof store === "string" ? openStore(store, { durability: options.durability ?? "full" }) : store;
    this.store = countedStore(given, (change) => (this.unanswered += change));
    this.committer = new Committer(this.store);
    this.sleepers = new Sleepers(this.clock);
  }

  /** A store has been opened for it. */
  get used(): boolean {
    return this.opened !== undefined;
  }

  private async ready(): Promise<Store> {
    this.assertOpen();
    this.opened ??= (async () => this.store.open())().catch((error: unknown) => {
      this.opened = undefined; // the next call may have more luck
      throw error;
    });
    await this.opened;
    this.assertOpen();
    this.tellOfCopies();
    return this.store;
  }

  private tellOfCopies(): void {
    const { copies } = registry;
    if (copies.size <= this.copiesTold) return;
    this.copiesTold = copies.size;
    this.log.warn(new PerdureError("RUNTIME_TWICE", { places: [...copies] }).message, {});
  }

  private assertOpen(): void {
    if (this.closed) throw new PerdureError("RUNTIME_CLOSED", {});
  }

  // --- starting

  /** A workflow called outside of any run: the same call is the same run. */
  async call(definition: WorkflowDefinition, args: readonly unknown[], body: Body): Promise<unknown> {
    const request = { definition, args, id: undefined, body };
    const id = await this.begin(request);
    return this.result(id, request);
  }

  /** @throws PerdureError `RUN_INPUT_DIFFERS`, `RUN_WORKFLOW_DIFFERS`, `RUN_ID_*`, `VALUE_NOT_STORABLE` */
  async begin(request: RunRequest): Promise<string> {
    const { definition, args } = request;
    const { name } = definition.info;
    if (definition.options?.input) parseWith(definition.options.input, args, `the input of ${name}`);
    const input = this.values.encode([...args], `${name} was called with`);
    const inputHash = fullFingerprint(args, input);
    const id =
      request.id === undefined
        ? (runIdOf(definition, args) ?? (await this.defaultId(definition, inputHash)))
        : checkId(request.id, name);
    const now = this.clock.now();
    const store = await this.ready();
    const code = codeOf(definition);
    const codeHistory = newHistory(this.settings.renames);
    const { created, run } = await this.arriving(
      id,
      store.createRun({
        id,
        workflow: name,
        file: definition.module.file,
        input,
        inputHash,
        code: code.fingerprint,
        modules: code.text,
        seed: this.options.seed?.(id) ?? randomUUID(),
        createdAt: now,
        ...(request.parent !== undefined && { parent: request.parent }),
        ...(codeHistory !== undefined && { codeHistory }),
        lease: { owner: this.owner, until: now + this.settings.lease },
      } satisfies NewRun),
    );
    if (created) {
      this.execute(run, request);
      this.takeUp(id, request);
    } else await this.meet(run, request, inputHash);
    return id;
  }

  /** Made of the workflow's name, or of an earlier one of it when a run has that id. */
  private async defaultId(definition: WorkflowDefinition, inputHash: string): Promise<string> {
    const { renames } = this.settings;
    const [id = "", ...earlier] = renames
      .namesBefore([definition.info.name])
      .map((name) => defaultRunId(name, inputHash));
    if (earlier.length === 0) return id;
    const store = await this.ready();
    for (const each of [id, ...earlier]) {
      const run = await store.getRun(each);
      if (run && isRunOf(placeOf(run), definition, renames)) return each;
    }
    return id;
  }

  /** The id is known already: it has to be the same run; a failed one is tried again. */
  private async meet(run: RunRow, request: RunRequest, inputHash: string): Promise<void> {
    const { name } = request.definition.info;
    if (!isRunOf(placeOf(run), request.definition, this.settings.renames))
      throw new PerdureError("RUN_WORKFLOW_DIFFERS", { run: run.id, workflow: name, recorded: run.workflow });
    if (run.inputHash !== inputHash) throw new PerdureError("RUN_INPUT_DIFFERS", { run: run.id, workflow: name });
    if (run.status === "failed") {
      if (request.keepFailure === true) return;
      await this.retry(run.id);
    }
    if (run.status !== "completed" && run.status !== "cancelled") this.takeUp(run.id, request);
  }

  /** Follows a run that nobody may be waiting for. */
  private takeUp(id: string, request?: RunRequest): void {
    this.follow(id, request).catch((error: unknown) => {
      if (!this.closed && !this.observed.has(id)) this.log.error(`run ${id} stopped: ${String(error)}`, { run: id });
    });
  }

  // --- following

  follow(id: string, request?: RunRequest): Promise<RunEnd> {
    const held = this.bodies.get(id);
    if (request?.body && (!held || isSuperseded(held.definition))) {
      this.bodies.set(id, request);
      this.sleepers.wake(id); // whoever followed it could not execute it
    }
    let followed = this.followed.get(id);
    if (!followed) {
      followed = this.untilEnd(id).finally(() => {
        this.followed.delete(id);
        this.bodies.delete(id);
      });
      this.followed.set(id, followed);
    }
    return followed;
  }

  private async untilEnd(id: string): Promise<RunEnd> {
    for (;;) {
      await this.arrivals.get(id)?.catch(() => {}); // its caller hears of that
      const end = await this.executions.get(id)?.ended;
      if (end?.type === "finished") return end;
      if (end?.type === "stopped") throw end.error;
      const store = await this.ready();
      const row = await store.getRun(id);
      if (!row) throw new PerdureError("RUN_NOT_FOUND", { run: id });
      if (hasEnded(row)) return this.endOf(row);
      if (this.executions.has(id) || this.arrivals.has(id)) continue;
      if (this.mayClaim(row) && (await this.claimAndExecute(row))) continue;
      await this.pause(row);
    }
  }

  /** A run that was cancelled before it began has the reason in place of the error. */
  private endOf({ status, output }: RunEnd): RunEnd {
    if (status !== "cancelled") return { status, output };
    const value = this.values.decode(output);
    return {
      status,
      output:
        value instanceof CancelledError ? output : this.values.encode(new CancelledError(value), "the cancellation"),
    };
  }

  /** Until the run may have changed: it is due, it is time to look again, or somebody says so. */
  private pause({ id, workflow, status, wakeAt }: RunRow): Promise<void> {
    // a waiting run that becomes due early is seen by `poll`, for all of them at once
    const until = status === "waiting" ? wakeAt : this.clock.now() + this.settings.pollInterval;
    const paused = this.sleepers.sleep(id, workflow, until);
    this.poll();
    return paused;
  }

  private mayClaim({ status, wakeAt, owner, leaseUntil }: RunRow): boolean {
    const now = this.clock.now();
    if (status === "waiting") return wakeAt !== undefined && wakeAt <= now;
    if (status === "pending" || owner === undefined) return true;
    return owner === this.owner || (leaseUntil ?? 0) < now || isDead(owner);
  }

  private async claimAndExecute(row: RunRow): Promise<boolean> {
    const found = this.bodyFor(row) ?? this.requestFor(row);
    if (!found || this.arrivals.has(row.id) || this.executions.has(row.id)) return false;
    const now = this.clock.now();
    const dead = row.owner !== undefined && { from: { owner: row.owner, epoch: row.epoch } };
    const claim = { run: row.id, lease: { owner: this.owner, until: now + this.settings.lease }, now, ...dead };
    return this.arriving(
      row.id,
      (async () => {
        const claimed = await this.store.claim(claim);
        if (claimed)
          this.execute(
            claimed,
            found,
            await this.store.steps(row.id),
            await this.codesBefore(claimed, found.definition),
          );
        return claimed !== undefined;
      })(),
    );
  }

  /** What is recorded of the codes that recorded the run's older steps, by fingerprint. */
  private async codesBefore(run: RunRow, definition: WorkflowDefinition): Promise<ReadonlyMap<string, string>> {
    const codes = codesBefore(run, codeOf(definition).fingerprint);
    const found = await Promise.all(codes.map(async (code) => [code, await this.store.getCode(code)] as const));
    return new Map(found.flatMap(([code, modules]) => (modules === undefined ? [] : [[code, modules]])));
  }

  /** While a run is about to become ours, nothing else here takes it, and `close` waits: it would begin behind its back. */
  private async arriving<T>(id: string, work: Awaitable<T>): Promise<T> {
    if (!(work instanceof Promise)) return work;
    this.arrivals.set(id, work);
    try {
      return await work;
    } finally {
      if (this.arrivals.get(id) === work) this.arrivals.delete(id);
    }
  }

  /** What somebody has called; where its module was evaluated again, the newer code if that has the workflow still. */
  private bodyFor(row: RunRow): RunRequest | undefined {
    const held = this.bodies.get(row.id);
    return held && isSuperseded(held.definition) ? (this.requestFor(row) ?? held) : held;
  }

  /** How a run is executed by name alone; undefined where this program cannot, or is not to execute workflows of that name. */
  private requestFor(row: RunRow, wanted?: readonly string[]): RunRequest | undefined {
    try {
      const definition = findWorkflow(placeOf(row), this.settings.renames);
      if (!definition?.fn || (wanted && !wanted.includes(definition.info.name) && !wanted.includes(row.workflow)))
        return undefined;
      return { definition, args: [], id: row.id };
    } catch (error) {
      this.log.error(`run ${row.id} is left alone: ${String(error)}`, { run: row.id });
      return undefined;
    }
  }

  // --- executing

  private execute(
    row: RunRow,
    request: RunRequest,
    steps: readonly StepRow[] = [],
    codes?: ReadonlyMap<string, string>,
  ): void {
    const { definition } = request;
    const execution = new Execution(this, row, definition, steps, codes);
    this.executions.set(row.id, execution);
    this.poll();
    void execution.ended.then((end) => this.ended(execution, end));
    if (this.closed) return registry.owners.has(this.owner) ? execution.giveBack() : execution.lose(); // it became ours while `close` waited
    try {
      const stored = this.values.decode(row.input) as unknown[];
      const schema = definition.options?.input;
      const args = schema ? parseWith(schema, stored, `the input of ${row.workflow}`) : stored;
      execution.start(request.body ?? bodyOf(definition), args as unknown[]);
    } catch (error) {
      execution.stop(error);
    }
  }

  private ended(execution: Execution, end: ExecutionEnd): void {
    const { run } = execution;
    if (this.executions.get(run.id) === execution) this.executions.delete(run.id);
    const how = end.type === "finished" ? end.status : end.type;
    this.log.debug(`run ${run.id} ${how}`, { run: run.id, workflow: run.workflow });
    this.sleepers.wake(run.id);
    if (run.parent !== undefined) this.sleepers.wake(run.parent);
  }

  commit(write: Write, done: (result: unknown) => void): void {
    this.committer.add(write, done);
  }

  report(error: PerdureError, run: RunRow): void {
    if (this.options.onReport) this.options.onReport(error, run);
    else this.log.warn(error.message, { run: run.id, workflow: run.workflow, code: error.code });
  }

  step(event: StepEvent, run: RunRow, row: StepRow): void {
    try {
      this.options.onStep?.(event, run.id, row.id);
    } catch (error) {
      this.log.error(`onStep threw: ${String(error)}`, { run: run.id });
    }
    if (event !== "started")
      this.log.debug(`${event} ${run.id} ${row.id}${row.location === undefined ? "" : ` at ${row.location}`}`, {
        run: run.id,
        step: row.id,
        attempt: row.attempt,
      });
  }

  isActive(id: string): boolean {
    return this.executions.has(id);
  }

  // --- watching the store

  /** While runs are in memory or followed: renews leases, and looks for what other processes want of them. */
  private poll(): void {
    if (this.stopPolling || this.closed || (this.executions.size === 0 && this.sleepers.size === 0)) return;
    const tick = async (): Promise<void> => {
      await this.renewLeases();
      if (this.executions.size > 0) await this.look([...this.executions.values()]);
      if (this.sleepers.size > 0) await this.wakeDue();
    };
    registry.context.exit(() => {
      this.stopPolling = this.clock.at(this.clock.now() + this.settings.pollInterval, () => {
        void tick()
          .catch((error: unknown) => this.log.error(`the store cannot be read: ${String(error)}`, {}))
          .finally(() => {
            this.stopPolling = undefined;
            this.poll();
          });
      });
    });
  }

  /** Runs that somebody here follows and nobody executes, also of workflows that only their caller can execute. */
  private async wakeDue(): Promise<void> {
    const { workflows } = this.sleepers;
    const due = await this.store.unfinished({
      workflows,
      now: this.clock.now(),
      limit: PAGE,
      alive: [...registry.owners],
    });
    for (const { id } of due) this.sleepers.wake(id);
  }

  private async renewLeases(): Promise<void> {
    const now = this.clock.now();
    if (this.executions.size === 0 || now - this.renewedAt < this.settings.lease / 3) return;
    await this.store.renew({ runs: [...this.executions.values()].map(claimOf), until: now + this.settings.lease });
    this.renewedAt = now;
  }

  private async look(executions: readonly Execution[]): Promise<void> {
    const wakeups = await this.store.wakeups(executions.map(claimOf));
    wakeups.forEach(({ owned, cancel, signals }, index) => {
      const execution = executions[index];
      if (!execution?.isActive) return;
      try {
        if (!owned) return execution.lose();
        if (cancel !== undefined) execution.cancel(cancel);
        execution.offer(signals);
      } catch (error) {
        execution.stop(error);
      }
    });
  }

  async lookForSignals(run: string): Promise<void> {
    const execution = this.executions.get(run);
    if (!execution) return;
    await this.look([execution]).catch((error: unknown) =>
      this.log.error(`the store cannot be read: ${String(error)}`, { run }),
    );
  }

  // --- what people ask for

  async result(id: string, request?: RunRequest): Promise<unknown> {
    this.observed.add(id);
    try {
      const { status, output } = await this.follow(id, request);
      const value = this.values.decode(output);
      if (status === "completed") return value;
      throw value;
    } finally {
      this.observed.delete(id);
    }
  }

  async row(id: string): Promise<RunRow> {
    const row = await (await this.ready()).getRun(id);
    if (!row) throw new PerdureError("RUN_NOT_FOUND", { run: id });
    return row;
  }

  async list(filter: RunFilter): Promise<RunRow[]> {
    return (await this.ready()).listRuns(filter);
  }

  async complete(run: string, name: string, payload: unknown): Promise<boolean> {
    const encoded = this.values.encode(payload, `complete("${name}") was called with`);
    const accepted = await (await this.ready()).deliver({ run, name, payload: encoded, now: this.clock.now() });
    if (accepted === undefined) throw new PerdureError("RUN_NOT_FOUND", { run });
    void this.lookForSignals(run);
    this.sleepers.wake(run);
    return accepted;
  }

  async cancel(run: string, reason: unknown): Promise<boolean> {
    const encoded = this.values.encode(reason, "cancel() was called with");
    const accepted = await (await this.ready()).cancel({ run, reason: encoded, now: this.clock.now() });
    if (accepted === undefined) throw new PerdureError("RUN_NOT_FOUND", { run });
    const execution = this.executions.get(run);
    if (execution) execution.cancel(encoded);
    else if (accepted && !this.closed) await this.resume(run);
    return accepted;
  }

  async retry(run: string): Promise<boolean> {
    const accepted = await (await this.ready()).retry({ run, now: this.clock.now() });
    if (accepted === undefined) throw new PerdureError("RUN_NOT_FOUND", { run });
    return accepted;
  }

  /** Executes it here if this program can, else leaves it to others. */
  async resume(run: string): Promise<void> {
    if (this.requestFor(await this.row(run))) this.takeUp(run);
    this.sleepers.wake(run);
  }

  /** Runs that this program can execute, that no living process executes, and that are wanted, oldest first: some of them, if there are any. */
  async claimable(workflows: readonly string[], isWanted: (row: RunRow) => boolean = () => true): Promise<RunRow[]> {
    const store = await this.ready();
    const names = this.settings.renames.namesBefore(workflows);
    const alive = new Set<string>(); // not even this process: it may have let go of a run without a word
    for (let limit = PAGE; ; limit *= 2) {
      const rows = await store.unfinished({ workflows: names, now: this.clock.now(), limit, alive: [...alive] });
      const claimable = rows.filter(
        (row) =>
          !this.executions.has(row.id) &&
          !this.arrivals.has(row.id) &&
          this.mayClaim(row) &&
          isWanted(row) &&
          this.requestFor(row, workflows),
      );
      if (claimable.length > 0 || rows.length < limit) return claimable;
      for (const { owner } of rows) if (owner !== undefined) alive.add(owner); // look behind their runs, and behind the others
    }
  }

  /** Ids of the runs that were taken up. */
  async recover(workflows: readonly string[]): Promise<string[]> {
    const ids = new Set<string>();
    const seen = new Set<string>();
    const take = (row: RunRow): void => {
      ids.add(row.id);
      this.takeUp(row.id);
    };
    const isNew = ({ id }: RunRow): boolean => !seen.has(id);
    for (
      let rows = await this.claimable(workflows, isNew);
      rows.length > 0;
      rows = await this.claimable(workflows, isNew)
    ) {
      for (const row of rows) {
        seen.add(row.id);
        if (await this.claimAndExecute(row)) take(row);
      }
    }
    const names = this.settings.renames.namesBefore(workflows);
    for (let before: string | undefined; ;) {
      const rows = await this.list({
        status: "waiting",
        workflow: names,
        limit: PAGE,
        ...(before !== undefined && { before }),
      });
      for (const row of rows) if (this.requestFor(row, workflows)) take(row);
      before = rows.at(-1)?.id;
      if (before === undefined) return [...ids];
    }
  }

  /** Claims a run and executes it until it ends, waits, or stops; false when another process was faster. */
  async executeOnce(row: RunRow): Promise<boolean> {
    if (!(await this.claimAndExecute(row))) return false;
    const end = await this.executions.get(row.id)?.ended;
    if (end?.type === "stopped") this.log.error(`run ${row.id} stopped: ${String(end.error)}`, { run: row.id });
    return true;
  }

  /** Whether it was stopped under the code that this program has: it would only stop again. */
  isBlocked(row: RunRow): boolean {
    const definition = row.blocked && findWorkflow(placeOf(row), this.settings.renames);
    return definition !== undefined && blockKey(codeOf(definition), this.settings) === row.blocked?.code;
  }

  async drain(ids?: ReadonlySet<string>): Promise<void> {
    while (this.arrivals.size > 0) {
      await Promise.allSettled(this.arrivals.values());
      await new Promise((resolve) => setImmediate(resolve)); // what waited for them goes on first
    }
    const executions = [...this.executions.values()].filter(({ run }) => !ids || ids.has(run.id));
    await Promise.all(executions.map((execution) => execution.drain()));
  }

  private sum(what: "executing" | "timed"): number {
    return [...this.executions.values()].reduce((sum, execution) => sum + execution[what], 0);
  }

  /**
   * Resolves when no attempt runs, nothing is left to commit and the store has answered. An attempt with a timeout may wait for just that: it counts as
   * settled when it has done nothing for a while.
   */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < (this.sum("timed") > 0 ? TURNS_WITH_TIMEOUT : 3); quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!this.closed && (this.sum("executing") > this.sum("timed") || !this.committer.empty || this.unanswered > 0))
        quiet = -1;
    }
  }

  /** Lets running attempts finish (for some seconds), gives the runs back, and closes the store. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await atMost(CLOSE_LIMIT, this.drain());
    for (const execution of this.executions.values()) execution.giveBack();
    await atMost(CLOSE_LIMIT, this.committer.flush());
    this.kill();
    if (this.opened) {
      await this.opened.catch(() => {});
      await this.store.close();
    }
  }

  /** Drops everything where it stands, as a crash would; the store stays open. */
  kill(): void {
    this.closed = true;
    registry.owners.delete(this.owner);
    this.stopPolling?.();
    for (const execution of this.executions.values()) execution.lose();
    this.sleepers.wakeAll();
  }
}

const placeOf = ({ workflow, file }: RunRow): WorkflowPlace => ({ name: workflow, file });

const claimOf = ({ run }: Execution): { readonly run: string; readonly epoch: number } => ({
  run: run.id,
  epoch: run.epoch,
});

/** Waits for `work`, but not for ever. */
async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work, limit]);
  clearTimeout(timer);
}

/** The body of a workflow's function: emitted code hands it out before anything of it runs. */
export function bodyOf(definition: WorkflowDefinition, fn: AnyFunction | undefined = definition.fn): Body {
  const launch = { kind: "launch" as const, body: undefined as Body | undefined };
  const self = fn === definition.fn ? definition.holder : undefined;
  void registry.context.run(launch, () => (fn as (() => unknown) | undefined)?.call(self));
  if (!launch.body) throw new PerdureError("NOT_RECOVERABLE", { workflow: definition.info.name });
  return launch.body;
}
