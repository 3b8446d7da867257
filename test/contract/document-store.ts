import { randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import type {
  Claimed,
  FinalStatus,
  Lease,
  NewRun,
  PruneFilter,
  RunRow,
  SignalRow,
  StepFilter,
  StepKind,
  StepRow,
  Store,
  Wakeup,
  Write,
} from "perdure";
import { Recent } from "../../packages/store/src/recent.ts";
import { EARLY_SIGNAL_LIFETIME } from "../../packages/store/src/status.ts";
import { DocumentDatabase, Documents, type Document } from "./document-database.ts";
import { among, claimNext, counts, list, unfinished } from "./document-lists.ts";

/** An asynchronous store. Several stores can share a database. */
export function documentStore(database: DocumentDatabase = new DocumentDatabase()): Store {
  async function look<R>(see: (documents: Documents) => R): Promise<R> {
    return see(new Documents(await database.read()));
  }
  /** Repeats the change on a conflict. Of several concurrent changes, one succeeds each time. */
  async function update<R>(decide: (documents: Documents) => R): Promise<R> {
    for (;;) {
      const documents = new Documents(await database.read());
      const answer = decide(documents);
      if (await database.write(documents)) return answer;
    }
  }

  let now = Date.now;
  const batches = new Recent<boolean[]>();
  return {
    name: "documents:",
    open: async (options) => {
      now = options?.now ?? now;
      return turn();
    },
    time: async () => turn().then(now),
    close: () => turn(),
    createRun: (run) => update((documents) => create(documents, run, now())),
    createRuns: (runs) => update((documents) => runs.map((run) => create(documents, run, now()))),
    getRun: (id) => look((documents) => documents.find(id)?.run),
    getCode: (code) => look(({ codes }) => codes.get(code)),
    listRuns: (filter) => look((documents) => list(documents, filter)),
    countRuns: () => look(counts),
    unfinished: (filter) => look((documents) => unfinished(documents, { ...filter, now: now() })),
    owners: () =>
      look((documents) => [
        ...new Set(
          documents.recorded().flatMap(({ run: { status, owner } }) => (status === "running" && owner ? [owner] : [])),
        ),
      ]),
    claim: (request) => update((documents) => claim(documents, { ...request, now: now() })),
    claimRuns: (claims) => update((documents) => claims.map((each) => claimed(documents, { ...each, now: now() }))),
    claimNext: (request) =>
      update((documents) => {
        const at = now();
        return claimNext(documents, { ...request, now: at }, (each) => claimed(documents, { ...each, now: at }));
      }),
    executions: (id) => look((documents) => documents.find(id)?.executions ?? []),
    renew: (renewal) => update((documents) => renew(documents, { ...renewal, now: now() })),
    steps: (id, filter = {}) => look((documents) => selected(documents.find(id)?.steps ?? [], filter)),
    commit: async (writes, batch = randomUUID()) => {
      const answers =
        batches.get(batch) ?? (await update((documents) => writes.map((write) => apply(documents, write, now()))));
      batches.set(batch, answers);
      return answers;
    },
    deliver: (delivery) => update((documents) => deliver(documents, { ...delivery, now: now() })),
    wakeups: (runs) => look((documents) => runs.map(({ run, epoch }) => wakeup(documents, run, epoch))),
    cancel: (cancellation) => update((documents) => cancel(documents, { ...cancellation, now: now() })),
    retry: ({ run, force }) => update((documents) => retry(documents.find(run), now(), force)),
    restart: ({ run, seed }) => update((documents) => restart(documents.find(run), now(), seed)),
    fork: (request) => update((documents) => fork(documents, { ...request, now: now() })),
    unblock: (run) => update((documents) => unblock(documents.find(run))),
    delete: (deletion) => update((documents) => remove(documents, { ...deletion, now: now() })),
    prune: (filter) => update((documents) => prune(documents, filter)),
  };
}

type Changes = { readonly [K in keyof RunRow]?: RunRow[K] | undefined };
type Request<M extends "claim" | "renew" | "deliver" | "cancel" | "fork" | "delete"> = Parameters<Store[M]>[0] & {
  readonly now: number;
};

/** A value of `undefined` removes the field, as in JSON. */
function change(document: Document, changes: Changes): void {
  document.run = JSON.parse(JSON.stringify({ ...document.run, ...changes })) as RunRow;
}

const isFinished = ({ status }: RunRow): boolean =>
  status === "completed" || status === "failed" || status === "cancelled";

function create(
  documents: Documents,
  { lease, modules, createdAt, ...given }: NewRun,
  now: number,
): { created: boolean; run: RunRow } {
  const found = documents.find(given.id);
  if (found) return { created: false, run: found.run };
  const run: RunRow = {
    ...given,
    createdAt: createdAt ?? now,
    status: "pending",
    codeSeq: 0,
    epoch: documents.deleted.get(given.id) ?? 0,
    restarts: given.restarts ?? 0,
    stalls: 0,
    startedAt: given.startedAt ?? createdAt ?? now,
    updatedAt: now,
  };
  const document = documents.add({
    number: documents.nextNumber(),
    run,
    steps: [],
    signals: [],
    claimedSeq: 0,
    executions: [],
  });
  if (lease) own(document, lease, now);
  documents.record({ code: given.code, modules });
  for (const each of documents.early.filter((early) => early.run === given.id)) deliver(documents, each);
  if (documents.early.some((each) => each.run === given.id))
    documents.early = documents.early.filter((each) => each.run !== given.id);
  return { created: true, run: document.run };
}

function own(document: Document, { owner, ms }: Lease, now: number): void {
  const epoch = document.run.epoch + 1;
  const lastSeq = Math.max(0, ...document.steps.map(({ seq = 0 }) => seq));
  const { status, stalls: before } = document.run;
  const stalls = lastSeq > document.claimedSeq ? 0 : before + (status === "running" ? 1 : 0);
  document.claimedSeq = lastSeq;
  change(document, {
    stalls,
    status: "running",
    owner,
    leaseUntil: now + ms,
    epoch,
    wakeAt: undefined,
    blocked: undefined,
    releasedAt: undefined,
    updatedAt: now,
  });
}

function claim(documents: Documents, { run, lease, now, from }: Request<"claim">): RunRow | undefined {
  const document = documents.find(run);
  if (!document || isFinished(document.run)) return undefined;
  const { owner, epoch, leaseUntil = Infinity, releasedAt } = document.run;
  const isDead = from !== undefined && from.owner === owner && from.epoch === epoch;
  if (owner !== undefined && leaseUntil >= now && !isDead) return undefined;
  own(document, lease, now);
  const found = { ...(owner !== undefined && { from: owner }), ...(releasedAt !== undefined && { releasedAt }) };
  document.executions.push({ epoch: document.run.epoch, owner: lease.owner, claimedAt: now, ...found });
  return document.run;
}

function claimed(documents: Documents, request: Request<"claim">): Claimed | undefined {
  const from = documents.find(request.run)?.run.owner;
  const run = claim(documents, request);
  const steps = selected(documents.find(request.run)?.steps ?? [], {});
  return run && { run, ...(from !== undefined && { from }), steps };
}

function renew(documents: Documents, { runs, ms, now }: Request<"renew">): boolean[] {
  return runs.map(({ run, epoch }) => {
    const document = documents.owned(run, epoch);
    const until = now + ms;
    if (document) change(document, { leaseUntil: Math.max(until, document.run.leaseUntil ?? until) });
    return document !== undefined;
  });
}

function selected(steps: StepRow[], { after, open, id, values, limit }: StepFilter): StepRow[] {
  const inOrder = steps.sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity) || 0);
  const isWanted = ({ id: own, seq, state }: StepRow): boolean =>
    (id === undefined || id === own) &&
    (after === undefined || (seq !== undefined && seq > after)) &&
    (!open || state === "open");
  const wanted = inOrder.filter(isWanted).slice(0, limit);
  if (values === false)
    for (const step of wanted)
      Object.assign(step, { input: undefined }, step.state === "completed" && { output: undefined });
  return JSON.parse(JSON.stringify(wanted)) as StepRow[];
}

function apply(documents: Documents, write: Write, now: number): boolean {
  const document = documents.owned(write.run, write.epoch);
  if (!document) return false;
  if (write.type === "step") return putStep(document, write.step, write.consume);
  if (write.type === "code") recode(documents, document, write);
  else if (write.type === "progress") change(document, { progress: write.value });
  else if (write.type === "release") release(documents, document, write, write.at ?? now);
  else if (write.type === "finish") {
    if (write.unhandled.length > 0) change(document, { unhandled: write.unhandled });
    if (write.compensated === true) change(document, { compensated: true });
    end(documents, document, write.status, write.output, write.at ?? now);
  }
  return true;
}

function recode(documents: Documents, document: Document, write: Extract<Write, { type: "code" }>): void {
  const { code, codeSeq, codeHistory } = write;
  documents.record(write);
  change(document, { code, codeSeq, codeHistory });
}

function putStep(document: Document, step: StepRow, consume: SignalRow | undefined): boolean {
  const { steps, signals } = document;
  const place = steps.findIndex(({ id }) => id === step.id);
  if (place >= 0 && steps[place]?.state !== "open") return false;
  if (step.seq !== undefined && steps.some(({ seq }) => seq === step.seq)) return false;
  const delivery = signals.find(
    ({ row, consumed }) => !consumed && row.name === consume?.name && row.slot === consume.slot,
  );
  if (consume && !delivery) return false;
  if (delivery) delivery.consumed = true;
  steps.splice(place < 0 ? steps.length : place, 1, step);
  return true;
}

function release(
  documents: Documents,
  document: Document,
  { status: wanted, wakeAt, blocked }: Extract<Write, { type: "release" }>,
  at: number,
): void {
  const status = wanted === "waiting" && canBeWoken(documents, document, wakeAt) ? "waiting" : "pending";
  change(document, {
    status,
    wakeAt: status === "waiting" ? wakeAt : undefined,
    blocked,
    owner: undefined,
    leaseUntil: undefined,
    releasedAt: at,
    updatedAt: at,
  });
  const hasDelivery = document.signals.some(({ row, consumed }) => !consumed && awaits(document, "signal", row.name));
  const hasChild = document.steps.some((step) => isOpen(step, "child") && hasEnded(documents, step.target));
  if (hasDelivery || hasChild || isCancelUndelivered(document)) wake(document, at);
}

function canBeWoken(documents: Documents, { steps }: Document, wakeAt: number | undefined): boolean {
  const children = steps.filter((step) => isOpen(step, "child"));
  if (!children.every(({ target }) => target !== undefined && documents.find(target))) return false;
  return wakeAt !== undefined || children.length > 0 || steps.some((step) => isOpen(step, "signal"));
}

const isOpen = ({ state, kind }: StepRow, wanted: StepKind): boolean => state === "open" && kind === wanted;
const awaits = ({ steps }: Document, kind: StepKind, target: string): boolean =>
  steps.some((step) => isOpen(step, kind) && step.target === target);
const isCancelUndelivered = ({ run, steps }: Document): boolean =>
  run.cancel !== undefined && !steps.some(({ kind }) => kind === "cancel");

function hasEnded(documents: Documents, id: string | undefined): boolean {
  const document = id === undefined ? undefined : documents.find(id);
  return document !== undefined && isFinished(document.run);
}

function wake(document: Document, at: number): void {
  if (document.run.status === "waiting") change(document, { wakeAt: Math.min(at, document.run.wakeAt ?? at) });
}

function end(documents: Documents, document: Document, status: FinalStatus, output: string, at: number): void {
  const ended = { owner: undefined, leaseUntil: undefined, wakeAt: undefined, updatedAt: at };
  change(document, { status, output, ...(document.run.owner !== undefined && { releasedAt: at }), ...ended });
  const { id, parent } = document.run;
  for (const other of documents.all()) if (other.run.id === parent || awaits(other, "child", id)) wake(other, at);
}

function deliver(documents: Documents, delivery: Request<"deliver">): boolean {
  const { run, name, payload, now } = delivery;
  const document = documents.find(run);
  if (!document)
    documents.early = [...documents.early.filter((each) => each.now >= now - EARLY_SIGNAL_LIFETIME), delivery];
  if (!document) return true;
  if (isFinished(document.run)) return false;
  const slot = document.signals.filter(({ row }) => row.name === name).length;
  document.signals.push({ row: { name, slot, payload }, consumed: false });
  wake(document, now);
  return true;
}

function wakeup(documents: Documents, run: string, epoch: number): Wakeup {
  const document = documents.find(run);
  const signals = (document?.signals ?? []).filter(({ consumed }) => !consumed).map(({ row }) => row);
  const cancel = document?.run.cancel;
  return { run, owned: documents.owned(run, epoch) !== undefined, signals, ...(cancel !== undefined && { cancel }) };
}

function cancel(documents: Documents, { run, reason, now }: Request<"cancel">): boolean | undefined {
  const document = documents.find(run);
  if (!document) return undefined;
  if (isFinished(document.run)) return false;
  if (document.run.cancel !== undefined) return true;
  change(document, { cancel: reason, blocked: undefined, updatedAt: now });
  if (document.run.epoch === 0) end(documents, document, "cancelled", reason, now);
  else wake(document, now);
  return true;
}

function retry(document: Document | undefined, now: number, force = false): boolean | undefined {
  if (document?.run.status !== "failed" || (document.run.compensated && !force)) return document && false;
  if (isCancelUndelivered(document)) change(document, { cancel: undefined });
  const { unhandled = [] } = document.run;
  document.steps = document.steps.filter(({ id, state }) => state !== "failed" || !unhandled.includes(id));
  change(document, {
    status: "pending",
    output: undefined,
    unhandled: undefined,
    compensated: undefined,
    updatedAt: now,
  });
  return true;
}

function restart(document: Document | undefined, now: number, seed: string): boolean | undefined {
  if (!document || !isFinished(document.run)) return document && false;
  const { restarts } = document.run;
  Object.assign(document, { steps: [], claimedSeq: 0, executions: [] });
  const forgotten = {
    output: undefined,
    unhandled: undefined,
    compensated: undefined,
    cancel: undefined,
    codeHistory: undefined,
  };
  const times = { createdAt: now, startedAt: now, updatedAt: now };
  const begun = {
    seed,
    progress: undefined,
    releasedAt: undefined,
    restarts: restarts + 1,
    codeSeq: 0,
    stalls: 0,
    ...times,
  };
  change(document, { status: "pending", ...forgotten, ...begun });
  return true;
}

function fork(
  documents: Documents,
  { run, from, id, now }: Request<"fork">,
): { created: boolean; run: RunRow } | undefined {
  const original = documents.find(run);
  const before = original?.steps.find((step) => step.id === from)?.seq;
  if (!original || before === undefined) return undefined;
  const { workflow, file, input, inputHash, code, codeHistory, codeSeq, seed, tags, startedAt } = original.run;
  const kept = { ...(codeHistory !== undefined && { codeHistory }), ...(tags && { tags }) };
  const given = { id, workflow, file, input, inputHash, code, modules: "", seed, ...kept };
  const { created } = create(documents, given, now);
  const made = documents.find(id);
  if (!made) throw new Error("it was created just now");
  if (!created) return { created, run: made.run };
  made.steps = original.steps.filter(({ seq }) => seq !== undefined && seq < before);
  const cancel = made.steps.some(({ kind }) => kind === "cancel") ? original.run.cancel : undefined;
  change(made, { forkOf: run, codeSeq, startedAt, cancel });
  return { created, run: made.run };
}

function unblock(document: Document | undefined): boolean | undefined {
  if (document?.run.blocked === undefined) return document && false;
  change(document, { blocked: undefined });
  return true;
}

function remove(documents: Documents, { run, now, force = false }: Request<"delete">): boolean | undefined {
  const document = documents.find(run);
  if (!document) return undefined;
  if (!isFinished(document.run) && (!force || document.run.owner !== undefined)) return false;
  documents.remove(document);
  for (const other of documents.all())
    if (other.run.id === document.run.parent || awaits(other, "child", run)) wake(other, now);
  return true;
}

function prune(documents: Documents, { status, workflow, keep = 0, endedBefore, limit }: PruneFilter): number {
  const all = documents.all();
  const ended = all.filter(({ run }) => isFinished(run) && among(status, run.status) && among(workflow, run.workflow));
  const isOld = ({ run }: Document, place: number): boolean =>
    ended.slice(place + 1).filter((later) => later.run.workflow === run.workflow).length >= keep &&
    run.updatedAt < endedBefore &&
    !all.some((other) => awaits(other, "child", run.id));
  const old = ended.filter(isOld).slice(0, limit);
  for (const document of old) documents.remove(document);
  return old.length;
}
