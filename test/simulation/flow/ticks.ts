import type {
  DueSchedules,
  NewRun,
  NewSchedule,
  Overlap,
  RunHead,
  ScheduleRow,
  ScheduleStore,
  Tick,
  Ticked,
} from "../../../packages/store/src/index.ts";
import { hasEnded } from "../../../packages/store/src/index.ts";
import type { StoreMethod } from "../../../packages/store/src/wrap-store.ts";
import type { Time } from "../event-loop.ts";
import type { VirtualProcess } from "../process.ts";
import type { Truth } from "../witness.ts";
import type { Reports } from "./attempts.ts";
import { longestDelay, tickAfter, ticksBetween, type Times } from "./times.ts";

/** A tick that is seen within so many milliseconds is on time. */
const ON_TIME = 10_000;
/** So many ticks of a schedule wait at most. */
const MOST_WAITING = 1000;
/** When nothing fails any more, a tick is dealt with after so many milliseconds: a process may have to wait before it tries again. */
const PATIENCE = 65_000;

/** A schedule, as it has to be recorded. */
interface Known {
  /** What gives it another revision. */
  readonly definition: string;
  readonly times: Times;
  readonly timing: string;
  readonly catchUp: "none" | "last" | "all";
  readonly overlap: Overlap;
  readonly isDirective: boolean;
  readonly anchor: number;
  readonly doneTo: number;
  readonly nextAt: number | undefined;
  readonly paused: boolean;
  readonly waiting: readonly number[];
  readonly runs: number;
  readonly skipped: number;
  readonly revision: number;
}

/** What a schedule does with the ticks that come to it. */
interface Outcome {
  readonly begun: readonly number[];
  readonly waiting: readonly number[];
  readonly skipped: number;
  /** Runs that are cancelled. */
  readonly ended: ReadonlySet<string>;
}

type Change = Parameters<ScheduleStore["pauseSchedule"]>[0];

const runOf = (schedule: string, tick: number): string => `${schedule}@${new Date(tick).toISOString()}`;
const timesOf = (ticks: readonly number[]): string => ticks.map((tick) => new Date(tick).toISOString()).join(" ");
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

interface Period {
  readonly from: number;
  readonly now: number;
}

/** Sees all changes of schedules: no tick begins two runs, and each begins one, unless what was agreed on excuses it. */
export class Ticks {
  private readonly time: Time;
  private readonly reports: Reports;
  private readonly truth: Truth;
  private readonly known = new Map<string, Known>();
  /** Ids of all runs of schedules. */
  private readonly runs = new Set<string>();
  /** How many runs were created beside the ticks, by schedule. */
  private readonly beside = new Map<string, number>();
  private unended: readonly string[] = [];
  /** What the clock showed where a call was made, by its first argument. */
  private readonly calledAt = new WeakMap<object, number>();
  /** What the clock of a process showed when it last read what is due. */
  private readonly lookedAt = new Map<VirtualProcess, number>();
  private readonly wall: () => number;

  /** @param wall - what the store's clock shows */
  constructor(time: Time, reports: Reports, truth: Truth, wall: () => number) {
    this.wall = wall;
    this.time = time;
    this.reports = reports;
    this.truth = truth;
  }

  called(process: VirtualProcess, method: StoreMethod, [given]: readonly unknown[]): void {
    const now = process.runtime.clock.now();
    if (typeof given === "object" && given !== null) this.calledAt.set(given, now);
    if (method === "dueSchedules") this.lookedAt.set(process, now);
  }

  /** The store has not changed yet. */
  reaches(method: StoreMethod, args: readonly unknown[]): void {
    if (method === "tickSchedule") this.unended = this.unendedOf((args[0] as Tick).name);
  }

  performed(process: VirtualProcess, method: StoreMethod, args: readonly unknown[], answer: unknown): void {
    const [given] = args;
    if (method === "putSchedule") this.defined(process, given as NewSchedule, answer as ScheduleRow);
    if (method === "pauseSchedule") this.steered(process, given as Change, answer as ScheduleRow | undefined);
    if (method === "deleteSchedule") this.deleted(process, given as { readonly name: string }, answer === true);
    if (method === "tickSchedule") this.ticked(process, given as Tick, answer as Ticked | undefined);
    if (method === "dueSchedules") this.looked(answer as DueSchedules);
    if (method === "createRun") this.created(given as NewRun, (answer as { readonly created: boolean }).created);
  }

  private unendedOf(schedule: string): string[] {
    const status = ["pending", "running", "waiting"] as const;
    return (this.truth.store.listRuns({ schedule, status, limit: 10_000 }) as RunHead[]).map(({ id }) => id);
  }

  // --- what people do

  private defined(process: VirtualProcess, given: NewSchedule, row: ScheduleRow): void {
    const { name, timing, policy, overlap, workflow, inputHash, directive, anchor: now, nextAt } = given;
    const old = this.known.get(name);
    if (old && !old.isDirective && directive) return this.compare(name, old, row);
    this.checkClock(process, `defines ${name}`, now);
    const definition = JSON.stringify([timing, policy, overlap, workflow, inputHash, directive]);
    const isSame = old?.definition === definition;
    this.reports.say(process.name, `defines ${name}${isSame ? " as before" : `: ${timing} ${policy} ${overlap}`}`);
    const kept = old ?? { paused: false, waiting: [], runs: 0, skipped: 0, revision: -1 };
    const counted = old?.timing === timing ? old : { anchor: now, doneTo: now, nextAt };
    const { paused, waiting, runs, skipped, revision } = kept;
    const { anchor, doneTo } = counted;
    const times = JSON.parse(timing) as Times;
    const { catchUp } = JSON.parse(policy) as Pick<Known, "catchUp">;
    const isDirective = directive === true;
    const state = { anchor, doneTo, nextAt: counted.nextAt, paused, waiting, runs, skipped, revision };
    this.put(name, { definition, times, timing, catchUp, overlap, isDirective, ...state }, row, !isSame);
  }

  private steered(process: VirtualProcess, change: Change, row: ScheduleRow | undefined): void {
    const { name, paused, revision } = change;
    const old = this.known.get(name);
    this.reports.say(process.name, `${paused ? "pauses" : "resumes"} ${name} ${row ? "" : "refused"}`);
    if (!this.isAnswerRight(`${process.name} steers ${name}`, old, revision, row !== undefined)) return;
    if (!old || !row) return;
    if (old.paused === paused) return this.compare(name, old, row);
    if (change.paused) return this.put(name, { ...old, paused }, row, true);
    const { doneTo, nextAt } = change;
    if (doneTo !== Math.max(old.doneTo, this.calledAt.get(change) ?? 0))
      this.reports.problem(`${process.name} resumes ${name} from ${timesOf([doneTo])} on, not from now on`);
    this.put(name, { ...old, paused, doneTo, nextAt }, row, true);
  }

  private deleted(process: VirtualProcess, { name, revision }: { name: string; revision?: number }, isGone: boolean) {
    const old = this.known.get(name);
    this.reports.say(process.name, `deletes ${name} ${isGone}`);
    if (this.isAnswerRight(`${process.name} deletes ${name}`, old, revision ?? old?.revision, isGone) && isGone)
      this.known.delete(name);
  }

  /** A run that a schedule starts in no tick: somebody asked for it. */
  private created({ schedule, id }: NewRun, isCreated: boolean): void {
    if (schedule === undefined || !isCreated) return;
    this.runs.add(id);
    this.beside.set(schedule, (this.beside.get(schedule) ?? 0) + 1);
  }

  // --- ticks

  private looked({ due }: DueSchedules): void {
    const now = this.wall();
    const names = due.map(({ name }) => name).sort();
    const isDue = ([name, { nextAt = Infinity, paused, waiting }]: [string, Known]): boolean =>
      !paused && (nextAt <= now || (waiting.length > 0 && this.unendedOf(name).length === 0));
    const expected = [...this.known].filter(isDue).map(([name]) => name);
    if (!same(names, expected.sort()))
      this.reports.problem(`the schedules ${names.join()} are said to be due, not ${expected.join()}`);
  }

  private ticked(process: VirtualProcess, tick: Tick, answer: Ticked | undefined): void {
    const { name, revision } = tick;
    const seen = this.seenBy(process, tick);
    const old = this.known.get(name);
    const what = `${process.name} ticks ${name}`;
    this.reports.say(
      process.name,
      `ticks ${name}: ${timesOf(tick.runs.map(({ at }) => at))} ${answer ? "" : "refused"}`,
    );
    const isTicking = old?.paused === true ? undefined : old;
    if (!this.isAnswerRight(what, isTicking, revision, answer !== undefined) || !answer || !isTicking) return;
    this.checkChoice(what, isTicking, tick, seen);
    const outcome = this.outcomeOf(name, isTicking.overlap, tick);
    this.checkRuns(what, name, outcome, answer);
    const { waiting } = outcome;
    const { counts } = this.reports;
    counts.ticks += outcome.begun.length;
    counts.waitingTicks += waiting.filter((at) => !isTicking.waiting.includes(at)).length;
    counts.skippedTicks += outcome.skipped;
    const created = answer.runs.filter((each) => each.created).length;
    const [runs, skipped] = [isTicking.runs + created, isTicking.skipped + outcome.skipped];
    const { doneTo, nextAt } = tick;
    this.put(name, { ...isTicking, doneTo, nextAt, waiting, runs, skipped }, answer.schedule, true);
  }

  /** Those that wait, then those that are due: which of them start a run, by `catchUp`? */
  private checkChoice(
    what: string,
    { waiting, times, anchor, doneTo, catchUp, nextAt }: Known,
    tick: Tick,
    { from, now }: Period,
  ): void {
    const { runs } = tick;
    const chosen = runs.slice(waiting.length).map(({ at }) => at);
    const tell = (problem: string): void => this.reports.problem(`${what} at ${timesOf([now])}: ${problem}`);
    const queued = runs.slice(0, waiting.length).map(({ at }) => at);
    if (!same(queued, waiting)) tell(`it forgets what waits: ${timesOf(waiting)}`);
    if (tick.doneTo < doneTo) return tell(`it goes back to ${timesOf([tick.doneTo])}`);
    const come = ticksBetween(times, anchor, doneTo, tick.doneTo);
    const notCome = [...chosen, ...come].find((at) => at > now);
    if (notCome !== undefined) tell(`${timesOf([notCome])} has not come`);
    if (come.length > 0 && nextAt !== undefined && nextAt > now) tell(`nothing is due before ${timesOf([nextAt])}`);
    const strange = chosen.filter((at) => !come.includes(at));
    if (strange.length > 0) tell(`these are no ticks that are due: ${timesOf(strange)}`);
    if (
      !same(
        chosen,
        [...new Set(chosen)].sort((a, b) => a - b),
      )
    )
      tell(`${timesOf(chosen)} are in disorder`);
    // with jitter, it is not known here when a tick is due, but when at the earliest and at the latest
    const mayBeMissed = (at: number): boolean => at < now - ON_TIME;
    const isMissed = (at: number): boolean => at + longestDelay(times, anchor, at) < from - ON_TIME;
    for (const at of come) {
      const isLast = at === come.at(-1);
      const isChosen = chosen.includes(at);
      if (!isChosen) this.reports.counts.missedTicks++;
      if (!isChosen && (catchUp === "all" || !mayBeMissed(at))) tell(`it leaves out ${timesOf([at])}`);
      if (!isChosen && catchUp === "last" && isLast) tell(`it leaves out ${timesOf([at])}, the last one`);
      if (isChosen && catchUp !== "all" && isMissed(at) && !(catchUp === "last" && isLast))
        tell(`it catches up ${timesOf([at])}`);
    }
  }

  /** The process chose these ticks between its latest look at what is due and the call. Its clock may have been set meanwhile. */
  private seenBy(process: VirtualProcess, tick: Tick): Period {
    const times = [this.lookedAt.get(process) ?? 0, this.calledAt.get(tick) ?? 0];
    return { from: Math.min(...times), now: Math.max(...times) };
  }

  /** What becomes of the ticks, one after the other, by `overlap`. */
  private outcomeOf(name: string, overlap: Overlap, { runs }: Tick): Outcome {
    const live = new Set(this.unended);
    const ended = new Set<string>();
    const [begun, waiting]: [number[], number[]] = [[], []];
    let skipped = 0;
    for (const { at } of runs) {
      const run = runOf(name, at);
      const isFree = overlap === "allow" || [...live].every((id) => id === run);
      if (isFree || overlap === "cancel-running") {
        begun.push(at);
        if (!isFree) for (const id of live) if (id !== run) ended.add(id);
        if (!this.runs.has(run)) live.add(run);
      } else if (overlap === "queue" && waiting.length < MOST_WAITING) waiting.push(at);
      else skipped++;
    }
    return { begun, waiting, skipped, ended };
  }

  private checkRuns(what: string, name: string, { begun, ended }: Outcome, answer: Ticked): void {
    const tell = (problem: string): void => this.reports.problem(`${what}: ${problem}`);
    const ids = answer.runs.map(({ run }) => run.id);
    const expected = begun.map((at) => runOf(name, at));
    if (!same(ids, expected)) tell(`it begins ${ids.join(" ")}, not ${expected.join(" ")}`);
    for (const { run, created } of answer.runs) {
      if (created === this.runs.has(run.id)) tell(`${run.id} ${created ? "is begun again" : "is not begun"}`);
      if (run.schedule !== name) tell(`${run.id} is none of its runs`);
      if (!this.truth.row(run.id)) tell(`${run.id} is not recorded`);
      this.runs.add(run.id);
    }
    if (!same([...new Set(answer.cancelled)].sort(), [...ended].sort()))
      tell(`it cancels ${answer.cancelled.join(" ")}, not ${[...ended].join(" ")}`);
    for (const id of ended) {
      const row = this.truth.row(id);
      if (!row || (row.cancel === undefined && !hasEnded(row))) tell(`${id} is not cancelled`);
    }
  }

  // --- what is recorded

  /** A change succeeds if, and only if, it is based on the present state. */
  private isAnswerRight(
    what: string,
    old: Known | undefined,
    revision: number | undefined,
    succeeded: boolean,
  ): boolean {
    const expected = old !== undefined && old.revision === revision;
    if (succeeded !== expected)
      this.reports.problem(`${what}: ${expected ? "refused" : "accepted, though it is outdated"}`);
    return succeeded === expected;
  }

  private put(name: string, expected: Known, row: ScheduleRow, isChanged: boolean): void {
    const before = this.known.get(name)?.revision;
    if (isChanged === (row.revision === before))
      this.reports.problem(`${name} has ${isChanged ? "the same" : "another"} revision after a change`);
    const now = { ...expected, revision: row.revision };
    this.known.set(name, now);
    this.compare(name, now, row);
    const { times, anchor, doneTo, nextAt } = now;
    const next = tickAfter(times, anchor, doneTo);
    if (next === undefined) return;
    const latest = next + Math.max(1, longestDelay(times, anchor, next));
    if (nextAt === undefined || nextAt < next || nextAt >= latest)
      this.reports.problem(`${name} is due next at ${timesOf([nextAt ?? 0])}, not at ${timesOf([next])}`);
  }

  private compare(name: string, known: Known, row: ScheduleRow): void {
    const { timing, overlap, anchor, doneTo, nextAt, waiting, runs, skipped, revision, paused } = known;
    const expected = [timing, overlap, anchor, doneTo, nextAt, waiting, runs, skipped, revision, paused];
    const has = [row.timing, row.overlap, row.anchor, row.doneTo, row.nextAt, row.waiting, row.runs, row.skipped];
    if (!same([...has, row.revision, row.paused ?? false], expected))
      this.reports.problem(`${name} is recorded as ${JSON.stringify(row)}, not as ${JSON.stringify(known)}`);
  }

  /** Where clocks are never set, nobody is ahead of the time. */
  private checkClock({ name, clock }: VirtualProcess, what: string, now: number): void {
    if (this.reports.isExact && now > clock.now())
      this.reports.problem(`${name} ${what} at ${timesOf([now])}, which has not come`);
  }

  // --- after the last fault

  /** What these processes, which are free of faults since these times, should have seen by now. */
  checkProgress(processes: readonly { readonly process: VirtualProcess; readonly since: number }[]): void {
    const able = processes.filter(({ since }) => this.time.now > since + PATIENCE);
    for (const [name, { times, anchor, doneTo, paused }] of this.known) {
      const tick = paused ? undefined : tickAfter(times, anchor, doneTo);
      if (tick === undefined) continue;
      const due = tick + longestDelay(times, anchor, tick);
      const late = able.find(({ process }) => process.runtime.clock.now() > due + PATIENCE);
      if (late) this.reports.problem(`${late.process.name} has not seen the tick ${timesOf([tick])} of ${name}`);
    }
  }

  checkEnd(asked: ReadonlyMap<string, number>): void {
    for (const id of this.runs) if (!this.truth.row(id)) this.reports.problem(`${id} was begun, and is not recorded`);
    for (const [name, count] of this.beside)
      if (count > (asked.get(name) ?? 0)) this.reports.problem(`${name} started ${count} runs beside its ticks`);
    for (const row of (this.truth.store.listSchedules?.() ?? []) as ScheduleRow[]) {
      const known = this.known.get(row.name);
      if (known) this.compare(row.name, known, row);
      else this.reports.problem(`${row.name} was deleted, and is recorded`);
    }
  }
}
