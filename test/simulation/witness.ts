import { taskContext } from "perdure";
import type {
  Claim,
  Claimed,
  NextRuns,
  RunHead,
  CreatedRun,
  RunRow,
  StepRow,
  Store,
  Ticked,
  Wakeup,
  Write,
} from "../../packages/store/src/contract.ts";
import type { StoreMethod } from "../../packages/store/src/wrap-store.ts";
import type { Time } from "./event-loop.ts";
import type { VirtualProcess } from "./process.ts";

const noCounts = {
  runs: 0,
  crashes: 0,
  closes: 0,
  takeOvers: 0,
  suspensions: 0,
  cancels: 0,
  signals: 0,
  faults: 0,
  attempts: 0,
  ticks: 0,
  waitingTicks: 0,
  skippedTicks: 0,
  missedTicks: 0,
  chunks: 0,
  resets: 0,
  readers: 0,
  cuts: 0,
};
export type Counts = { -readonly [K in keyof typeof noCounts]: number };

/** How much work a failure may cause: in one process, within one second. */
const MOST_CALLS = 400;
const MOST_LINES = 100;
const MOST_CLAIMS_OF_A_RUN = 16;
/** The waits between them grow, so that in a longer time there are not as many more. */
const LONGER_TIME = 4_000;
const MOST_CLAIMS_IN_LONGER_TIME = 32;

/** What one process does in one second. */
interface Second {
  at: number;
  calls: number;
  lines: number;
  readonly claims: Map<string, number>;
}

/** A store that answers at once, as the stores of this package do. */
export interface Truth {
  readonly store: Store;
  row(run: string): RunRow | undefined;
  steps(run: string): readonly StepRow[];
  signals(run: string): Wakeup["signals"];
}

export const truthOf = (store: Store): Truth => ({
  store,
  row: (run) => store.getRun(run) as RunRow | undefined,
  steps: (run) => store.steps(run) as StepRow[],
  signals: (run) => (store.wakeups([{ run, epoch: 0 }]) as Wakeup[])[0]?.signals ?? [],
});

/** Sees everything that happens to the store, and says what must not happen. */
export class Witness {
  readonly log: string[] = [];
  readonly problems: string[] = [];
  readonly counts: Counts = { ...noCounts };
  /** Deliveries that the store accepted, in order, by run and signal. */
  readonly accepted = new Map<string, { readonly payload: string; readonly at: number }[]>();
  readonly cancelAsked = new Set<string>();
  /** Cancellations that were promised, and when. */
  readonly cancelPromised = new Map<string, number>();
  /** When runs ended. */
  readonly endedAt = new Map<string, number>();
  /** Times that somebody asked for a run to be tried again, and times that the store did it. */
  readonly retries = new Map<string, number>();
  readonly retried = new Map<string, number>();
  readonly interruptions = new Map<string, number>();
  /** Whether all wall clocks show the same time, and are never set. */
  readonly isExact: boolean;

  private readonly time: Time;
  private readonly truth: Truth;
  private readonly processes: readonly VirtualProcess[];
  /** When leases end at the earliest, in the time of the world, by process, run and epoch. */
  private readonly leases = new Map<string, number>();
  private readonly begun = new Map<string, number>();
  /** Executions that were told of a cancellation while they were active. */
  private readonly told = new Set<string>();
  /** When processes claimed runs lately. */
  private readonly claimedAt = new Map<string, readonly number[]>();
  /** The rows that the latest claims found. */
  private readonly before = new Map<string, RunRow>();
  private readonly seconds = new Map<VirtualProcess, Second>();

  constructor(time: Time, truth: Truth, processes: readonly VirtualProcess[], isExact: boolean) {
    this.time = time;
    this.truth = truth;
    this.processes = processes;
    this.isExact = isExact;
  }

  say(who: string, what: string): void {
    this.log.push(`${String(this.time.now).padStart(7)} ${who.padEnd(8)} ${what}`);
  }

  problem(what: string): void {
    this.say("!", what);
    this.problems.push(what);
  }

  /** What it sees of one process. */
  of(process: VirtualProcess) {
    const write = (message: string): void => {
      this.say(process.name, `logs: ${message.split("\n")[0] ?? ""}`);
      this.limit("lines of the log", ++this.secondOf(process).lines, MOST_LINES, process);
    };
    return {
      logger: { debug: write, info: write, warn: write, error: write },
      called: (method: StoreMethod, args: readonly unknown[]) => this.called(process, method, args),
      reaches: (method: StoreMethod, args: readonly unknown[]) => this.reaches(process, method, args),
      performed: (method: StoreMethod, args: readonly unknown[], answer: unknown) =>
        this.performed(process, method, args, answer),
      answered: (method: StoreMethod, args: readonly unknown[], answer: unknown, calledAt: number) =>
        this.answered(process, method, args, answer, calledAt),
      failed: (method: StoreMethod, how: string) => {
        this.counts.faults++;
        this.say(process.name, `${method}: ${how}`);
      },
    };
  }

  // --- attempts

  /** An attempt begins; @returns how many attempts of the step have begun */
  attemptBegins(process: VirtualProcess, retries: number): number {
    const { runId: run, stepId: step, attempt } = taskContext();
    const { time, truth } = this;
    this.counts.attempts++;
    this.say(process.name, `begins ${run} ${step} attempt ${attempt}`);
    const epoch = process.runtime.runs.get(run)?.run.epoch ?? 0;
    const key = `${run} ${step}`;
    const what = `${process.name} began attempt ${attempt} of ${key}`;
    const leaseEnd = this.leases.get(`${process.name} ${run} ${epoch}`) ?? -1;
    if (time.now >= leaseEnd) this.problem(`${what} at ${time.now}, on a lease that was over at ${leaseEnd}`);
    const isOwner = truth.row(run)?.epoch === epoch;
    if (this.isExact && !isOwner) this.problem(`${what}, though another process owns the run`);
    const record = truth.steps(run).find(({ id }) => id === step);
    if (record && record.state !== "open" && (isOwner || this.isExact)) this.problem(`${what}, which is finished`);
    if (attempt > retries + 1) this.problem(`${what}, of which ${retries + 1} are allowed`);
    const count = (this.begun.get(key) ?? 0) + 1;
    this.begun.set(key, count);
    // a parent that was interrupted before its step for the child was durable calls the child anew, which tries a failed one again
    const parent = run.includes("/") ? run.slice(0, run.lastIndexOf("/")) : undefined;
    const anew = parent === undefined ? 0 : (this.interruptions.get(parent) ?? 0);
    const tries = 1 + (this.retries.get(run) ?? 0) + anew;
    if (count > (retries + 1) * tries + (this.interruptions.get(run) ?? 0))
      this.problem(`${what}, the ${count}th in all: more than its retries and its interruptions explain`);
    return count;
  }

  /** A task that kills its process in every attempt does so a limited number of times. */
  kills(process: VirtualProcess, retries: number, count: number): void {
    const { runId: run } = taskContext();
    const tries = 1 + (this.retries.get(run) ?? 0) + (this.cancelAsked.has(run) ? 1 : 0);
    if (count > (retries + 2) * tries) this.problem(`${process.name} is the ${count}th process that ${run} kills`);
  }

  // --- calls of the store

  private secondOf(process: VirtualProcess): Second {
    const at = Math.floor(this.time.now / 1000);
    const known = this.seconds.get(process);
    if (known?.at === at) return known;
    const second = { at, calls: 0, lines: 0, claims: new Map<string, number>() };
    this.seconds.set(process, second);
    return second;
  }

  private limit(what: string, count: number, most: number, { name }: VirtualProcess): void {
    if (count === most + 1) this.problem(`${name} makes more than ${most} ${what} in one second`);
  }

  private claimedAgain(process: string, run: string): void {
    const { now } = this.time;
    const key = `${process} ${run}`;
    const recent = [...(this.claimedAt.get(key) ?? []), now].filter((at) => at > now - LONGER_TIME);
    this.claimedAt.set(key, recent);
    if (recent.length === MOST_CLAIMS_IN_LONGER_TIME + 1)
      this.problem(`${process} makes more than ${MOST_CLAIMS_IN_LONGER_TIME} claims of ${run} in ${LONGER_TIME} ms`);
  }

  private called(process: VirtualProcess, method: StoreMethod, args: readonly unknown[]): void {
    const second = this.secondOf(process);
    this.limit("calls of the store", ++second.calls, MOST_CALLS, process);
    if (method === "claimRuns") for (const { run } of args[0] as readonly Claim[]) this.claims(process, run);
  }

  private claims(process: VirtualProcess, run: string): void {
    const { claims } = this.secondOf(process);
    claims.set(run, (claims.get(run) ?? 0) + 1);
    this.limit(`claims of ${run}`, claims.get(run) ?? 0, MOST_CLAIMS_OF_A_RUN, process);
    this.claimedAgain(process.name, run);
  }

  private reaches(process: VirtualProcess, method: StoreMethod, args: readonly unknown[]): void {
    for (const run of this.mayClaim(method, args)) {
      const row = this.truth.row(run);
      if (row) this.before.set(run, row);
    }
    if (method !== "commit") return;
    for (const write of args[0] as Write[]) {
      if (write.type === "finish") this.checkFinish(process, write, args[0] as Write[]);
      const isTimeout = write.type === "step" && write.step.kind === "signal" && write.step.state === "failed";
      if (isTimeout && !write.consume) this.checkTimeout(process, write.run, write.epoch, write.step);
    }
  }

  /** The runs that the call may claim. */
  private mayClaim(method: StoreMethod, args: readonly unknown[]): readonly string[] {
    if (method === "claimRuns") return (args[0] as readonly Claim[]).map(({ run }) => run);
    if (method !== "claimNext") return [];
    const status = ["pending", "running", "waiting"] as const;
    return (this.truth.store.listRuns({ status, limit: 10_000 }) as RunHead[]).map(({ id }) => id);
  }

  /** A delivery that was accepted before the end of the wait wins (G22). */
  private checkTimeout(process: VirtualProcess, run: string, epoch: number, { id, target = "" }: StepRow): void {
    if (!this.isExact || this.truth.row(run)?.epoch !== epoch) return;
    const dueAt = this.truth.steps(run).find((step) => step.id === id)?.dueAt ?? 0;
    const accepted = this.accepted.get(`${run} ${target}`) ?? [];
    const next = this.truth.signals(run).find(({ name }) => name === target);
    const at = next && accepted[next.slot]?.at;
    if (at !== undefined && process.clock.wallAt(at) < dueAt)
      this.problem(`${run} ${id} timed out, though the store had accepted a delivery at ${at}`);
  }

  /** A run that was told of its cancellation does not end as if there was none. */
  private checkFinish({ name }: VirtualProcess, { run, epoch }: Write, batch: readonly Write[]): void {
    if (!this.told.has(`${name} ${run} ${epoch}`) || this.truth.row(run)?.epoch !== epoch) return;
    const steps = batch.flatMap((write) => (write.type === "step" && write.run === run ? [write.step] : []));
    if (![...this.truth.steps(run), ...steps].some(({ kind }) => kind === "cancel"))
      this.problem(`${name} ended ${run}, though it knew that the run was cancelled`);
  }

  private performed(process: VirtualProcess, method: StoreMethod, args: readonly unknown[], answer: unknown): void {
    for (const { created, run } of creations(method, answer)) {
      if (created) this.counts.runs++;
      this.say(process.name, `createRun ${run.id} ${created}`);
    }
    if (method === "tickSchedule")
      for (const id of (answer as Ticked | undefined)?.cancelled ?? []) this.willCancel(id);
    if (method === "restart" && answer === true) this.cancelPromised.delete((args[0] as { run: string }).run);
    if (method === "retry" && answer === true) {
      const { run } = args[0] as { run: string };
      this.retried.set(run, (this.retried.get(run) ?? 0) + 1);
    }
    if (method === "claimNext") for (const { run } of claimsIn(method, args, answer)) this.claims(process, run);
    for (const { run, row } of claimsIn(method, args, answer)) this.claimed(process, row, run);
    if (method === "deliver" && answer === true) {
      const { run, name, payload } = args[0] as { run: string; name: string; payload: string };
      const key = `${run} ${name}`;
      this.counts.signals++;
      this.accepted.set(key, [...(this.accepted.get(key) ?? []), { payload, at: this.time.now }]);
      this.say(process.name, `delivers ${key} ${payload}`);
    }
    if (method === "commit")
      (args[0] as Write[]).forEach((write, index) => this.wrote(process, write, (answer as boolean[])[index] === true));
  }

  /** It was asked to cancel the run, and this is durable. */
  willCancel(run: string): void {
    this.cancelAsked.add(run);
    if (this.cancelPromised.has(run)) return;
    this.counts.cancels++;
    this.cancelPromised.set(run, this.time.now);
  }

  private wrote(process: VirtualProcess, write: Write, isAccepted: boolean): void {
    if (write.type === "stream") return; // its entries are reported with the streams
    const what =
      write.type === "step"
        ? `${write.step.id} ${write.step.state} ${write.step.seq ?? ""} ${write.step.output ?? ""}`
        : write.type === "finish" || write.type === "release"
          ? `${write.status} ${"blocked" in write ? (write.blocked?.error ?? "") : ""} ${"output" in write ? write.output : ""}`
          : "";
    this.say(process.name, `${write.type} ${write.run}@${write.epoch} ${what}${isAccepted ? "" : " REFUSED"}`);
    if (isAccepted && write.type === "finish") this.endedAt.set(write.run, this.time.now);
    if (isAccepted && write.type === "release" && write.status === "waiting") this.counts.suspensions++;
  }

  private claimed(process: VirtualProcess, row: RunRow | undefined, run: string): void {
    this.say(process.name, `claim ${run} ${row ? `@${row.epoch} stalls ${row.stalls}` : "refused"}`);
    const before = this.before.get(run);
    if (!row || !before) return;
    if (before.status !== "waiting" && before.epoch > 0)
      this.interruptions.set(run, (this.interruptions.get(run) ?? 0) + 1);
    if (before.status !== "running" || before.owner === process.name) return;
    this.counts.takeOvers++;
    const owner = this.processes.find(({ name }) => name === before.owner);
    const leaseEnd = this.leases.get(`${before.owner} ${run} ${before.epoch}`) ?? -1;
    if (this.isExact && owner && !owner.isGone && leaseEnd > this.time.now)
      this.problem(`${process.name} took ${run} from ${owner.name}, whose lease holds until ${leaseEnd}`);
  }

  private answered(
    process: VirtualProcess,
    method: StoreMethod,
    args: readonly unknown[],
    answer: unknown,
    calledAt: number,
  ): void {
    const holds = (run: string, epoch: number): void => {
      const key = `${process.name} ${run} ${epoch}`;
      this.leases.set(key, Math.max(this.leases.get(key) ?? 0, calledAt + process.lease)); // answers may come in any order
    };
    for (const { created, run } of creations(method, answer)) if (created) holds(run.id, run.epoch);
    for (const { run, row } of claimsIn(method, args, answer)) if (row) holds(run, row.epoch);
    if (method === "renew") {
      const { runs } = args[0] as { runs: readonly { run: string; epoch: number }[] };
      runs.forEach(({ run, epoch }, index) => (answer as boolean[])[index] === true && holds(run, epoch));
    } else if (method === "wakeups") {
      if (this.time.now - calledAt >= process.runtime.settings.storeTimeout) return; // it has given up on the call
      const asked = args[0] as { run: string; epoch: number }[];
      (answer as Wakeup[]).forEach(({ run, owned, cancel }, index) => {
        if (owned && cancel !== undefined && process.runtime.runs.get(run)?.isActive === true)
          this.told.add(`${process.name} ${run} ${asked[index]?.epoch ?? 0}`);
      });
    }
  }
}

/** The claims that a call has made. Undefined in place of the row: the claim was refused. */
export function claimsIn(
  method: StoreMethod,
  args: readonly unknown[],
  answer: unknown,
): readonly { readonly run: string; readonly row: RunRow | undefined }[] {
  if (method === "claimNext") return (answer as NextRuns).claimed.map(({ run }) => ({ run: run.id, row: run }));
  if (method !== "claimRuns") return [];
  const answers = answer as (Claimed | undefined)[];
  return (args[0] as readonly Claim[]).map(({ run }, index) => ({ run, row: answers[index]?.run }));
}

/** What a call that creates runs answered. */
function creations(method: StoreMethod, answer: unknown): readonly CreatedRun[] {
  if (method === "createRun") return [answer as CreatedRun];
  if (method === "tickSchedule") return (answer as Ticked | undefined)?.runs ?? [];
  return method === "createRuns" ? (answer as CreatedRun[]) : [];
}
