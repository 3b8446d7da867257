import { systemTime } from "@perdure/protocol";
import { candidateOf, claimInTurn } from "../claim-in-turn.ts";
import type { Claim, Claimed, CreatedRun, NewRun, Store } from "../contract.ts";
import { eachBatchOnce } from "../recent.ts";
import { EARLY_SIGNAL_LIFETIME } from "../status.ts";
import { held, timedRun, type Timed } from "../timed.ts";
import { memoryFlow } from "./flow.ts";
import { counts, list, selected, unfinished } from "./lists.ts";
import { cancel, deliver, fork, prune, remove, restart, retry, wakeup } from "./requests.ts";
import { memorySchedules } from "./schedules.ts";
import { bySeq, change, claim, isClaimable, ownedRun } from "./run.ts";
import { takeForRun } from "./slots.ts";
import { start } from "./starting.ts";
import { newMemory } from "./state.ts";
import { headsOf, readStream } from "./streams.ts";
import { apply } from "./writes.ts";

/** A store in the memory of the process, for tests and trials. Several runtimes may share it. */
export function memoryStore(): Store {
  const memory = newMemory();
  const { runs, deleted, line } = memory;
  const codes = new Map<string, string>();
  const early: Timed<Parameters<Store["deliver"]>[0]>[] = [];
  let now = systemTime.wallTime;
  const once = eachBatchOnce();
  const record = ({ code, modules }: { readonly code: string; readonly modules: string }): void => {
    if (!codes.has(code)) codes.set(code, modules);
  };

  const createRun = (given: NewRun): CreatedRun => {
    const { created, run } = start(memory, timedRun(given, now()));
    const made = runs.get(run.id);
    if (!created || !made) return { created, run };
    record(given);
    for (const each of early.filter(({ run: id }) => id === run.id)) deliver(made, each.name, each.payload, each.now);
    early.splice(0, early.length, ...early.filter((each) => each.run !== run.id));
    return { created: true, run: made.row };
  };

  const claimed = ({ run: id, lease, from }: Claim): Claimed | undefined => {
    const run = runs.get(id);
    const at = now();
    if (!run || !isClaimable(run.row, at, from) || !takeForRun(line, run, held(lease, at), at)) return undefined;
    const { owner } = run.row;
    claim(run, held(lease, at), at);
    return {
      run: run.row,
      ...(owner !== undefined && { from: owner }),
      steps: [...run.steps.values()].sort(bySeq),
      ...(run.streams.size > 0 && { streams: headsOf(run.streams) }),
    };
  };

  return {
    ...memorySchedules({ memory, createRun, record, time: () => now() }),
    ...memoryFlow(memory, () => now()),
    name: "memory:",
    open(options = {}) {
      now = options.now ?? now;
    },
    close() {},
    time: () => now(),
    createRun,
    createRuns: (all) => all.map(createRun),
    getRun: (id) => runs.get(id)?.row,
    getCode: (code) => codes.get(code),
    listRuns: (filter) => list(runs, filter),
    countRuns: () => counts(runs),
    unfinished: (filter) => unfinished(runs, { ...filter, now: now() }),
    owners: () => [
      ...new Set([...runs.values()].flatMap(({ row }) => (row.status === "running" && row.owner ? [row.owner] : []))),
    ],
    claim: (request) => claimed(request)?.run,
    claimRuns: (claims) => claims.map(claimed),
    claimNext(request) {
      const { alive, dead, blocked } = request;
      const filter = { ...(alive && { alive }), ...(dead && { dead }), ...(blocked !== undefined && { blocked }) };
      const read = (except: readonly string[], limit: number) =>
        unfinished(runs, { ...filter, except, limit, now: now() }).map(candidateOf);
      return claimInTurn(request, read, claimed);
    },
    executions: (id) => [...(runs.get(id)?.executions ?? [])],
    renew: ({ runs: leased, ms }) =>
      leased.map(({ run: id, epoch }) => {
        const run = ownedRun(runs, id, epoch);
        const until = now() + ms;
        if (run) change(run, { leaseUntil: Math.max(until, run.row.leaseUntil ?? until) });
        return run !== undefined;
      }),
    steps: (id, filter = {}) => selected([...(runs.get(id)?.steps.values() ?? [])].sort(bySeq), filter),
    commit: (writes, batch) =>
      once(batch, () =>
        writes.map((write) => {
          const accepted = apply(memory, write, now());
          if (accepted && write.type === "code") record(write);
          return accepted;
        }),
      ),
    readStream(query) {
      const run = runs.get(query.run);
      if (!run) return undefined;
      const { status, epoch } = run.row;
      return { ...readStream(run.streams.get(query.stream), query), status, epoch };
    },
    streams: (id) => headsOf(runs.get(id)?.streams ?? new Map()),
    deliver(delivery) {
      const { run: id, name, payload } = delivery;
      const run = runs.get(id);
      const at = now();
      if (run) return deliver(run, name, payload, at);
      const kept = early.filter((each) => each.now >= at - EARLY_SIGNAL_LIFETIME);
      early.splice(0, early.length, ...kept, { ...delivery, now: at });
      return true;
    },
    wakeups: (asked) => asked.map(({ run, epoch }) => wakeup(runs, run, epoch)),
    cancel: ({ run: id, reason }) => {
      const run = runs.get(id);
      return run && cancel(memory, run, reason, now());
    },
    retry: ({ run: id, force = false }) => {
      const run = runs.get(id);
      return run && retry(run, now(), force);
    },
    restart: ({ run: id, seed }) => {
      const run = runs.get(id);
      return run && restart(run, now(), seed);
    },
    fork({ run: id, from, id: forkId }) {
      const found = runs.get(forkId);
      const run = runs.get(id);
      const seq = run?.steps.get(from)?.seq;
      if (!run || seq === undefined) return undefined;
      if (found) return { created: false, run: found.row };
      const made = fork(run, seq, { id: forkId, now: now(), number: memory.created++, epoch: deleted.get(forkId) });
      runs.set(forkId, made);
      return { created: true, run: made.row };
    },
    unblock(id) {
      const run = runs.get(id);
      const isBlocked = run?.row.blocked !== undefined;
      if (run && isBlocked) change(run, { blocked: undefined });
      return run && isBlocked;
    },
    delete: ({ run: id, force = false }) => {
      const run = runs.get(id);
      return run && remove(memory, run, now(), force);
    },
    prune: (filter) => prune(memory, filter),
  };
}
