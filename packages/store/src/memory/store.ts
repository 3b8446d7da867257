import type { CreatedRun, NewRun, Store } from "../contract.ts";
import { EARLY_SIGNAL_LIFETIME } from "../status.ts";
import { memoryFlow } from "./flow.ts";
import { counts, list, selected, unfinished } from "./lists.ts";
import { cancel, deliver, fork, prune, remove, restart, retry, wakeup } from "./requests.ts";
import { memorySchedules } from "./schedules.ts";
import { bySeq, change, claim, isClaimable, ownedRun } from "./run.ts";
import { takeForRun } from "./slots.ts";
import { start } from "./starting.ts";
import { newMemory } from "./state.ts";
import { apply } from "./writes.ts";

/** A store in the memory of the process, for tests and trials. Several runtimes may share it. */
export function memoryStore(): Store {
  const memory = newMemory();
  const { runs, deleted, line } = memory;
  const codes = new Map<string, string>();
  const early: Parameters<Store["deliver"]>[0][] = [];
  const record = ({ code, modules }: { readonly code: string; readonly modules: string }): void => {
    if (!codes.has(code)) codes.set(code, modules);
  };

  const createRun = (given: NewRun): CreatedRun => {
    const { created, run } = start(memory, given);
    const made = runs.get(run.id);
    if (!created || !made) return { created, run };
    record(given);
    for (const { name, payload, now } of early.filter((each) => each.run === run.id)) deliver(made, name, payload, now);
    early.splice(0, early.length, ...early.filter((each) => each.run !== run.id));
    return { created: true, run: made.row };
  };

  return {
    ...memorySchedules({ memory, createRun, record }),
    ...memoryFlow(memory),
    name: "memory:",
    open() {},
    close() {},
    createRun,
    createRuns: (all) => all.map(createRun),
    getRun: (id) => runs.get(id)?.row,
    getCode: (code) => codes.get(code),
    listRuns: (filter) => list(runs, filter),
    countRuns: () => counts(runs),
    unfinished: (filter) => unfinished(runs, filter),
    claim({ run: id, lease, now, from }) {
      const run = runs.get(id);
      if (!run || !isClaimable(run.row, now, from) || !takeForRun(line, run, lease, now)) return undefined;
      claim(run, lease, now);
      return run.row;
    },
    executions: (id) => [...(runs.get(id)?.executions ?? [])],
    renew: ({ runs: held, until }) =>
      held.map(({ run: id, epoch }) => {
        const run = ownedRun(runs, id, epoch);
        if (run) change(run, { leaseUntil: Math.max(until, run.row.leaseUntil ?? until) });
        return run !== undefined;
      }),
    steps: (id, filter = {}) => selected([...(runs.get(id)?.steps.values() ?? [])].sort(bySeq), filter),
    commit: (writes) =>
      writes.map((write) => {
        const accepted = apply(memory, write);
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
      return run && cancel(memory, run, reason, now);
    },
    retry: ({ run: id, now, force = false }) => {
      const run = runs.get(id);
      return run && retry(run, now, force);
    },
    restart: ({ run: id, now, seed }) => {
      const run = runs.get(id);
      return run && restart(run, now, seed);
    },
    fork({ run: id, from, id: forkId, now }) {
      const found = runs.get(forkId);
      const run = runs.get(id);
      const seq = run?.steps.get(from)?.seq;
      if (!run || seq === undefined) return undefined;
      if (found) return { created: false, run: found.row };
      const made = fork(run, seq, { id: forkId, now, number: memory.created++, epoch: deleted.get(forkId) });
      runs.set(forkId, made);
      return { created: true, run: made.row };
    },
    unblock(id) {
      const run = runs.get(id);
      const isBlocked = run?.row.blocked !== undefined;
      if (run && isBlocked) change(run, { blocked: undefined });
      return run && isBlocked;
    },
    delete: ({ run: id, now, force = false }) => {
      const run = runs.get(id);
      return run && remove(memory, run, now, force);
    },
    prune: (filter) => prune(memory, filter),
  };
}
