import type { Sabotage } from "./bundle.ts";
import { streamSabotages } from "./streams/sabotages.ts";

const MEMORY = "store/src/memory";
const LINE = `${MEMORY}/line.ts`;
const SCHEDULES = `${MEMORY}/schedules.ts`;
const TICK = "store/src/apply-tick.ts";
const DUE = "runtime/src/schedules/due.ts";
const FOLLOWERS = "runtime/src/process/followers.ts";
const POLLER = "runtime/src/process/poller.ts";

/** Faults that the product had, or could have: the simulation has to find each. */
export const sabotages: Readonly<Record<string, readonly Sabotage[]>> = {
  "a run is released as waiting, though what it waits for has come": [
    { file: `${MEMORY}/writes.ts`, line: `  if (hasNews(memory, run)) wake(run, at);`, instead: `` },
  ],
  "the end of a child does not wake its parent": [
    { file: `${MEMORY}/writes.ts`, line: `if (other.row.status !== "waiting") continue;`, instead: `continue;` },
  ],
  "a run is taken from its owner on the ground of an earlier read": [
    {
      file: `${MEMORY}/run.ts`,
      line: `if (row.owner === undefined || row.leaseUntil === undefined || row.leaseUntil < now) return true;`,
      instead: `return true;`,
    },
  ],
  "an attempt begins on a lease that may be over": [
    {
      file: "runtime/src/execution/execution.ts",
      line: `if (this.host.monotonic() + left < this.leaseEndsAt) return begin();`,
      instead: `return begin();`,
    },
  ],
  "the lease is not looked at again after the store has renewed it": [
    {
      file: "runtime/src/execution/execution.ts",
      line: `this.isActive && this.onLease(begin, 0)`,
      instead: `this.isActive && begin()`,
    },
  ],
  "a read that fails at the end of a wait drops the run": [
    { file: POLLER, line: `await backOff(this.context.clock, failures);`, instead: `await new Promise(() => {});` },
  ],
  "a wait times out when the read for it fails": [
    { file: POLLER, line: `await backOff(this.context.clock, failures);`, instead: `return;` },
  ],
  "attempts that end with their process do not count": [
    {
      file: "runtime/src/steps/task.ts",
      line: `host.settings.countDeaths && execution.run.stalls > (options.retries === 0 ? 1 : 0)`,
      instead: `false`,
    },
  ],
  "a cancellation is delivered once, to the calls that wait": [
    {
      file: "runtime/src/execution/cancellation.ts",
      line: `return shelter === "none" ? this.delivery?.error : undefined;`,
      instead: `return undefined;`,
    },
  ],
  "a run that stopped is resumed at once": [
    {
      file: "runtime/src/config/backoff.ts",
      line: `until: this.monotonic() + Math.min(backoffAfter(failures), longest),`,
      instead: `until: 0,`,
    },
  ],
  "a signal that comes before its run is lost": [
    {
      file: `${MEMORY}/store.ts`,
      line: `early.filter(({ run: id }) => id === run.id))`,
      instead: `[] as typeof early)`,
    },
  ],
  "a run whose claim was not answered is forgotten by its owner": [
    { file: FOLLOWERS, line: `if (!isLookedAfter) this.lookLater(id, request);`, instead: `void isLookedAfter;` },
  ],
  "who awaits a run is not told of an end between two polls": [
    { file: POLLER, line: `[...due, ...ended]`, instead: `due` },
  ],
  "a cancelled run does not see the cancellation when it is resumed": [
    {
      file: "runtime/src/execution/execution.ts",
      line: `if (this.run.cancel !== undefined) this.cancel(this.run.cancel);`,
      instead: ``,
    },
  ],
  "a slot is never given back": [
    {
      subject: "flow",
      file: "runtime/src/steps/task.ts",
      line: `if (step.slot?.isTaken === true) step.slot.leave(); // the run continues without the step, or not here`,
      instead: ``,
    },
  ],
  "one slot more is offered than the limit": [
    {
      subject: "flow",
      file: LINE,
      line: `const running = [...items].filter(({ state, lent }) => !lent && (state === "offered" || state === "taken"));`,
      instead: `const running = [...items].filter(({ state, lent }) => !lent && (state === "offered" || state === "taken")).slice(1);`,
    },
  ],
  "one slot more of a key is offered than the limit": [
    {
      subject: "flow",
      file: LINE,
      line: `perKey === Infinity || running.filter((item) => item.key === key).length < perKey`,
      instead: `running.filter((item) => item.key === key).length <= perKey`,
    },
  ],
  "the slots of an owner are freed that lives": [
    {
      subject: "flow",
      file: "runtime/src/queues/upkeep.ts",
      line: `dead: state === "dead"`,
      instead: `dead: true`,
    },
  ],
  "the slots of an owner are freed whose leases hold": [
    {
      subject: "flow",
      file: `${MEMORY}/flow.ts`,
      line: `if (!dead && (item.until ?? now) >= now) continue;`,
      instead: ``,
    },
  ],
  "a rate forgets one start": [
    {
      subject: "flow",
      file: LINE,
      line: `starts.get(started + coming - limit)`,
      instead: `starts.get(started + coming - limit - 1)`,
    },
  ],
  "an offer that nobody takes does not end": [
    {
      subject: "flow",
      file: LINE,
      line: `const missed = [...items].filter((item) => item.state === "offered" && !isOffered(item, now));`,
      instead: `const missed: Item[] = [];`,
    },
  ],
  "a release forgets that a step stands in line": [
    {
      subject: "flow",
      file: `${MEMORY}/writes.ts`,
      line: `return untakenSteps(line, run.row.id).length > 0;`,
      instead: `return false;`,
    },
  ],
  "a run that is released while a step of it stands in line is not woken": [
    {
      subject: "flow",
      file: LINE,
      line: `if (run && item.step !== undefined) wake(run, now);`,
      instead: `void [run, wake];`,
    },
  ],
  "a run begins after it has expired": [
    {
      subject: "flow",
      file: `${MEMORY}/run.ts`,
      line: `if (isFinal(row.status) || (row.beginBy !== undefined && row.beginBy < now)) return false;`,
      instead: `if (isFinal(row.status)) return false;`,
    },
  ],
  "a start joins a run that has begun": [
    {
      subject: "flow",
      file: `${MEMORY}/run.ts`,
      line: `  gathersNoMore(run);
  change(run, {
    status: "running",`,
      instead: `  change(run, {
    status: "running",`,
    },
  ],
  "an item of a batch is lost": [
    {
      subject: "flow",
      file: `${MEMORY}/starting.ts`,
      line: `const inputs = [...earlier, input];`,
      instead: `const inputs = [...earlier.slice(-1), input];`,
    },
  ],
  "a throttle lets one run more through": [
    {
      subject: "flow",
      file: `${MEMORY}/starting.ts`,
      line: `recent.length < throttle.limit`,
      instead: `recent.length <= throttle.limit`,
    },
  ],
  "ticks are dealt with on the ground of an outdated read": [
    {
      subject: "flow",
      file: SCHEDULES,
      line: `const row = current(tick.name, tick.revision);`,
      instead: `const row = schedules.get(tick.name);`,
    },
  ],
  "a schedule that is paused is due": [
    {
      subject: "flow",
      file: SCHEDULES,
      line: `const active = [...schedules.values()].filter(({ paused }) => !paused);`,
      instead: `const active = [...schedules.values()];`,
    },
  ],
  "a pause is forgotten": [
    {
      subject: "flow",
      file: SCHEDULES,
      line: `return put({ ...withoutRevision(row), paused: true });`,
      instead: `return put(withoutRevision(row));`,
    },
  ],
  "the ticks of a moment are dealt with up to now, whatever has come": [
    {
      subject: "flow",
      file: DUE,
      line: `const last = come.at(-1) ?? doneTo;`,
      instead: `const last = come.length > 0 ? now : doneTo;`,
    },
  ],
  "a tick is lost when others are due with it": [
    {
      subject: "flow",
      file: DUE,
      line: `const ticks = catchUp === "all" ? come :`,
      instead: `const ticks = catchUp === "all" ? come.slice(0, 2) :`,
    },
  ],
  "a tick comes before its time": [
    {
      subject: "flow",
      file: DUE,
      line: `if (timing.dueAt(tick) > now) break;`,
      instead: `if (timing.dueAt(tick) > now + 500) break;`,
    },
  ],
  "the last tick is not caught up": [
    {
      subject: "flow",
      file: DUE,
      line: `catchUp === "last" ? come.slice(-1) : []`,
      instead: `[]`,
    },
  ],
  "ticks are caught up that came while the schedule was paused": [
    {
      subject: "flow",
      file: "runtime/src/api/schedules.ts",
      line: `const doneTo = Math.max(row.doneTo, this.runtime.clock.now());`,
      instead: `const { doneTo } = row;`,
    },
  ],
  "a run that waits has ended, as far as its schedule knows": [
    {
      subject: "flow",
      file: SCHEDULES,
      line: `row.schedule === name && !isFinal(row.status)`,
      instead: `row.schedule === name && !isFinal(row.status) && row.status !== "waiting"`,
    },
  ],
  "ticks that wait are forgotten when a schedule is defined again": [
    {
      subject: "flow",
      file: SCHEDULES,
      line: `...(found.timing !== given.timing && from(anchor, nextAt)),`,
      instead: `...(found.timing !== given.timing && from(anchor, nextAt)),
    waiting: [],`,
    },
  ],
  "intervals are counted anew with each definition": [
    {
      subject: "flow",
      file: SCHEDULES,
      line: `found.timing !== given.timing && from(anchor, nextAt)`,
      instead: `from(anchor, nextAt)`,
    },
  ],
  "ticks that wait are never begun": [
    {
      subject: "flow",
      file: SCHEDULES,
      line: `nextAt <= now || (waiting.length > 0 && unfinished(name).length === 0)`,
      instead: `nextAt <= now`,
    },
  ],
  "nobody looks at schedules again after the store has failed": [
    {
      subject: "flow",
      file: "runtime/src/schedules/scheduler.ts",
      line: `return clock.now() + waitAfter(this.failures, settings.pollInterval);`,
      instead: `return Infinity;`,
    },
  ],
  "a tick does not look at the runs that have not ended": [
    {
      subject: "flow",
      file: TICK,
      line: `row.overlap === "allow" ? []`,
      instead: `row.overlap !== "cancel-running" ? []`,
    },
  ],
  "a tick cancels one of the earlier runs": [
    {
      subject: "flow",
      file: TICK,
      line: `for (const id of others) cancel(id);`,
      instead: `for (const id of others.slice(-1)) cancel(id);`,
    },
  ],
  ...streamSabotages,
};
