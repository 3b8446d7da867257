import type { Sabotage } from "./bundle.ts";

const MEMORY = "store/src/memory";
const CLAIMS = "runtime/src/process/claims.ts";
const FOLLOWERS = "runtime/src/process/followers.ts";
const POLLER = "runtime/src/process/poller.ts";

/** Faults that the product had, or could have: the simulation has to find each. */
export const sabotages: Readonly<Record<string, readonly Sabotage[]>> = {
  "a run is released as waiting, though what it waits for has come": [
    { file: `${MEMORY}/writes.ts`, line: `  if (hasNews(runs, run)) wake(run, at);`, instead: `` },
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
      line: `if (this.host.monotonic() < this.leaseEndsAt) return begin();`,
      instead: `return begin();`,
    },
  ],
  "the lease is not looked at again after the store has renewed it": [
    {
      file: "runtime/src/execution/execution.ts",
      line: `this.isActive && this.onLease(begin)`,
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
    { file: CLAIMS, line: `until: this.context.clock.now() + backoffAfter(failures),`, instead: `until: 0,` },
  ],
  "a signal that comes before its run is lost": [
    {
      file: `${MEMORY}/store.ts`,
      line: `early.filter((each) => each.run === run.id))`,
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
};
