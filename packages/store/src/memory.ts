import type {
  Lease,
  NewRun,
  RunFilter,
  RunRow,
  RunStatus,
  SignalRow,
  StepRow,
  Store,
  UnfinishedFilter,
  Wakeup,
  Write,
} from "./contract.ts";
import { EARLY_SIGNAL_LIFETIME, isFinal } from "./status.ts";

/** A store in the memory of the process, for tests and trials. Several runtimes may share it. */
export function memoryStore(): Store {
  const runs = new Map<string, Run>();
  const codes = new Map<string, string>();
  const early: Parameters<Store["deliver"]>[0][] = [];
  const record = ({ code, modules }: { readonly code: string; readonly modules: string }): void => {
    if (!codes.has(code)) codes.set(code, modules);
  };

  return {
    name: "memory:",
    open() {},
    close() {},
    createRun(run) {
      const found = runs.get(run.id);
      if (found) return { created: false, run: found.row };
      const made = newRun(run, runs.size);
      runs.set(run.id, made);
      record(run);
      for (const { name, payload, now } of early.filter((each) => each.run === run.id))
        deliver(made, name, payload, now);
      early.splice(0, early.length, ...early.filter((each) => each.run !== run.id));
      return { created: true, run: made.row };
    },
    getRun: (id) => runs.get(id)?.row,
    getCode: (code) => codes.get(code),
    listRuns: (filter) => list(runs, filter),
    unfinished: (filter) => unfinished(runs, filter),
    claim({ run: id, lease, now, from }) {
      const run = runs.get(id);
      if (!run || !isClaimable(run.row, now, from)) return undefined;
      change(run, own(run, lease, now));
      return run.row;
    },
    renew: ({ runs: held, until }) =>
      held.map(({ run: id, epoch }) => {
        const run = ownedRun(runs, id, epoch);
        if (run) change(run, { leaseUntil: Math.max(until, run.row.leaseUntil ?? until) });
        return run !== undefined;
      }),
    steps: (id) => [...(runs.get(id)?.steps.values() ?? [])].sort(bySeq),
    commit: (writes) =>
      writes.map((write) => {
        const accepted = apply(runs, write);
        if (accepted && write.type === "code") record(write);
        return accepted;
      }),
    deliver(delivery) {
      const { run: id, name, payload, now } = delivery;
      const run = runs.get(id);
      if (run) return deliver(run, name, payload, now);
      early.splice(0, early.length, ...early.filter((each) => each.now >= now - EARLY_SIGNAL_LIFETIME), delivery);
      return true;
    },
    wakeups: (asked) => asked.map(({ run, epoch }) => wakeup(runs, run, epoch)),
    cancel: ({ run: id, reason, now }) => {
      const run = runs.get(id);
      return run && cancel(runs, run, reason, now);
    },
    retry: ({ run: id, now, force = false }) => {
      const run = runs.get(id);
      return run && retry(run, now, force);
    },
    restart: ({ run: id, now, seed }) => {
      const run = runs.get(id);
      return run && restart(run, now, seed);
    },
  };
}

interface Run {
  row: RunRow;
  /** Position of the run in the order of creation. */
  readonly number: number;
  readonly steps: Map<string, StepRow>;
  readonly seqs: Set<number>;
  /** The last checkpoint that the run had when it was claimed. */
  claimedSeq: number;
  readonly signals: { readonly row: SignalRow; consumed: boolean }[];
  /** Failed steps that a retry executes again. */
  unhandled: readonly string[];
}

type Changes = { readonly [K in keyof RunRow]?: RunRow[K] | undefined };

function newRun({ lease, modules: _, ...given }: NewRun, number: number): Run {
  const fresh: RunRow = {
    ...given,
    status: "pending",
    codeSeq: 0,
    epoch: 0,
    restarts: 0,
    stalls: 0,
    updatedAt: given.createdAt,
  };
  const run: Run = { row: fresh, number, steps: new Map(), seqs: new Set(), claimedSeq: 0, signals: [], unhandled: [] };
  if (lease) change(run, own(run, lease, given.createdAt));
  return run;
}

/** Replaces the row, because callers hold the old row and it must not change. `undefined` removes a field. */
function change(run: Run, changes: Changes): void {
  const entries = Object.entries({ ...run.row, ...changes }).filter(([, value]) => value !== undefined);
  run.row = Object.fromEntries(entries) as unknown as RunRow;
}

function own(run: Run, lease: Lease, now: number): Changes {
  const { row } = run;
  const lastSeq = [...run.seqs].reduce((last, seq) => Math.max(last, seq), 0);
  const stalls = lastSeq > run.claimedSeq ? 0 : row.stalls + (row.status === "running" ? 1 : 0);
  run.claimedSeq = lastSeq;
  return {
    status: "running",
    owner: lease.owner,
    leaseUntil: lease.until,
    epoch: row.epoch + 1,
    stalls,
    blocked: undefined,
    wakeAt: undefined,
    updatedAt: now,
  };
}

function isClaimable(row: RunRow, now: number, from: { owner: string; epoch: number } | undefined): boolean {
  if (isFinal(row.status)) return false;
  if (row.owner === undefined || row.leaseUntil === undefined || row.leaseUntil < now) return true;
  return from !== undefined && from.owner === row.owner && from.epoch === row.epoch;
}

function ownedRun(runs: Map<string, Run>, id: string, epoch: number): Run | undefined {
  const run = runs.get(id);
  return run && run.row.owner !== undefined && run.row.epoch === epoch ? run : undefined;
}

/** Checkpoints by `seq`, then open steps. */
function bySeq(a: StepRow, b: StepRow): number {
  if (a.seq === undefined) return b.seq === undefined ? 0 : 1;
  return b.seq === undefined ? -1 : a.seq - b.seq;
}

const byAge = (a: Run, b: Run): number => a.row.createdAt - b.row.createdAt || a.number - b.number;

function list(all: Map<string, Run>, filter: RunFilter): RunRow[] {
  const { status, workflow, runs, before, limit = 100 } = filter;
  const bound = before === undefined ? undefined : all.get(before);
  if (before !== undefined && !bound) return [];
  return [...all.values()]
    .filter((run) => !runs || runs.includes(run.row.id))
    .filter((run) => matches(status, run.row.status) && matches(workflow, run.row.workflow))
    .filter((run) => !bound || byAge(run, bound) < 0)
    .sort((a, b) => byAge(b, a))
    .slice(0, Math.max(0, limit))
    .map((run) => run.row);
}

function matches<T extends string>(wanted: T | readonly T[] | undefined, value: T): boolean {
  return wanted === undefined || (typeof wanted === "string" ? wanted === value : wanted.includes(value));
}

function unfinished(all: Map<string, Run>, filter: UnfinishedFilter): RunRow[] {
  const { workflows, runs, now, limit, alive = [], blocked = true } = filter;
  const mayNeedOwner = ({ row }: Run): boolean => {
    if (workflows && !workflows.includes(row.workflow)) return false;
    if (runs && !runs.includes(row.id)) return false;
    if (row.status === "waiting") return row.wakeAt !== undefined && row.wakeAt <= now;
    if (row.status === "pending") return blocked || row.blocked === undefined;
    return row.status === "running" && !alive.includes(row.owner ?? "");
  };
  return [...all.values()]
    .filter(mayNeedOwner)
    .sort(byAge)
    .slice(0, Math.max(0, limit))
    .map((run) => run.row);
}

function apply(runs: Map<string, Run>, write: Write): boolean {
  const run = ownedRun(runs, write.run, write.epoch);
  if (!run) return false;
  switch (write.type) {
    case "step":
      return putStep(run, write.step, write.consume);
    case "finish":
      run.unhandled = write.unhandled;
      if (write.compensated === true) change(run, { compensated: true });
      end(runs, run, write.status, write.output, write.at);
      return true;
    case "release":
      release(runs, run, write);
      return true;
    case "code":
      change(run, { code: write.code, codeSeq: write.codeSeq, codeHistory: write.codeHistory });
      return true;
  }
}

function putStep(run: Run, step: StepRow, consume: SignalRow | undefined): boolean {
  const found = run.steps.get(step.id);
  if (found && found.state !== "open") return false;
  if (step.seq !== undefined && run.seqs.has(step.seq)) return false;
  const delivery = consume && run.signals.find(({ row }) => row.name === consume.name && row.slot === consume.slot);
  if (consume && (!delivery || delivery.consumed)) return false;
  if (delivery) delivery.consumed = true;
  if (step.seq !== undefined) run.seqs.add(step.seq);
  run.steps.set(step.id, { ...step });
  return true;
}

function end(runs: Map<string, Run>, run: Run, status: RunStatus, output: string, at: number): void {
  change(run, { status, output, owner: undefined, leaseUntil: undefined, wakeAt: undefined, updatedAt: at });
  for (const other of runs.values()) {
    if (other.row.status !== "waiting") continue;
    if (other.row.id === run.row.parent || openTargets(other, "child").includes(run.row.id)) wake(other, at);
  }
}

function wake(run: Run, at: number): void {
  if (run.row.status === "waiting") change(run, { wakeAt: Math.min(run.row.wakeAt ?? at, at) });
}

function openTargets(run: Run, kind: StepRow["kind"]): string[] {
  return [...run.steps.values()]
    .filter((step) => step.state === "open" && step.kind === kind)
    .map((step) => step.target ?? "");
}

function release(
  runs: Map<string, Run>,
  run: Run,
  { status: wanted, wakeAt, blocked, at }: Extract<Write, { type: "release" }>,
): void {
  const status = wanted === "waiting" && canBeWoken(runs, run, wakeAt) ? "waiting" : "pending";
  change(run, {
    status,
    blocked,
    wakeAt: status === "waiting" ? wakeAt : undefined,
    owner: undefined,
    leaseUntil: undefined,
    updatedAt: at,
  });
  if (hasNews(runs, run)) wake(run, at);
}

/** Whether something will wake the run (S11). */
function canBeWoken(runs: Map<string, Run>, run: Run, wakeAt: number | undefined): boolean {
  const children = openTargets(run, "child");
  if (!children.every((id) => runs.has(id))) return false;
  return wakeAt !== undefined || children.length > 0 || openTargets(run, "signal").length > 0;
}

/** Whether an event that the run waits for has already happened. */
function hasNews(runs: Map<string, Run>, run: Run): boolean {
  if (isCancelUndelivered(run)) return true;
  const waits = openTargets(run, "signal");
  if (run.signals.some(({ row, consumed }) => !consumed && waits.includes(row.name))) return true;
  return openTargets(run, "child").some((id) => {
    const child = runs.get(id);
    return child !== undefined && isFinal(child.row.status);
  });
}

function isCancelUndelivered(run: Run): boolean {
  return run.row.cancel !== undefined && ![...run.steps.values()].some((step) => step.kind === "cancel");
}

function deliver(run: Run, name: string, payload: string, now: number): boolean {
  if (isFinal(run.row.status)) return false;
  const slot = run.signals.filter(({ row }) => row.name === name).length;
  run.signals.push({ row: { name, slot, payload }, consumed: false });
  wake(run, now);
  return true;
}

function wakeup(runs: Map<string, Run>, id: string, epoch: number): Wakeup {
  const run = runs.get(id);
  const signals = run ? run.signals.filter(({ consumed }) => !consumed).map(({ row }) => row) : [];
  const state = { run: id, owned: ownedRun(runs, id, epoch) !== undefined, signals };
  return run?.row.cancel === undefined ? state : { ...state, cancel: run.row.cancel };
}

function cancel(runs: Map<string, Run>, run: Run, reason: string, now: number): boolean {
  if (isFinal(run.row.status)) return false;
  if (run.row.cancel !== undefined) return true;
  change(run, { cancel: reason, blocked: undefined, updatedAt: now });
  if (run.row.epoch === 0) end(runs, run, "cancelled", reason, now);
  else wake(run, now);
  return true;
}

function retry(run: Run, now: number, force: boolean): boolean {
  if (run.row.status !== "failed" || (run.row.compensated && !force)) return false;
  const forgotten = isCancelUndelivered(run) ? { cancel: undefined } : {};
  for (const id of run.unhandled) {
    const step = run.steps.get(id);
    if (step?.state !== "failed") continue;
    run.steps.delete(id);
    if (step.seq !== undefined) run.seqs.delete(step.seq);
  }
  run.unhandled = [];
  change(run, { status: "pending", output: undefined, compensated: undefined, updatedAt: now, ...forgotten });
  return true;
}

function restart(run: Run, now: number, seed: string): boolean {
  if (!isFinal(run.row.status)) return false;
  run.steps.clear();
  run.seqs.clear();
  run.claimedSeq = 0;
  run.unhandled = [];
  change(run, {
    status: "pending",
    output: undefined,
    compensated: undefined,
    cancel: undefined,
    codeSeq: 0,
    codeHistory: undefined,
    seed,
    restarts: run.row.restarts + 1,
    stalls: 0,
    createdAt: now,
    updatedAt: now,
  });
  return true;
}
