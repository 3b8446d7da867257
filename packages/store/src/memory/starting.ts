import type { CreatedRun, Gather, Throttle } from "../contract.ts";
import { batchInput, JOINED_LIFETIME } from "../flow.ts";
import type { TimedRun } from "../timed.ts";
import { change, gathersNoMore, newRun, own, wake, type Run } from "./run.ts";
import { enterRun, takeForRun } from "./slots.ts";
import type { Memory } from "./state.ts";

/** Creates the run, if it does not exist, joins none that gathers, and is not throttled. */
export function start(memory: Memory, given: TimedRun): CreatedRun {
  const found = memory.runs.get(given.id) ?? joined(memory, given) ?? throttledBy(memory, given);
  if (found) return { created: false, run: found.row };
  const { id, workflow, throttle, now } = given;
  const run = newRun(given, memory.created++, memory.deleted.get(id));
  memory.runs.set(id, run);
  if (throttle) memory.throttled.push({ workflow, key: throttle.key, at: now, run: id });
  begin(memory, run, given);
  return { created: true, run: run.row };
}

function begin({ line, runs }: Memory, run: Run, given: TimedRun): void {
  const { gather, dueAt, lease, now, imported } = given;
  if (imported) restore(runs, run, given);
  if (gather) add(run, gather, run.row.input, now);
  else if (dueAt !== undefined) change(run, { status: "waiting", wakeAt: dueAt });
  else if (!lease) enterRun(line, run, now);
  else if (imported) own(run, lease, now);
  else if (takeForRun(line, run, lease, now)) own(run, lease, now);
}

/** What another store knew of the run. */
function restore(runs: Memory["runs"], run: Run, { workflow, imported, input }: TimedRun): void {
  const { batch, gathers } = imported ?? {};
  if (batch) change(run, { batch });
  const isFree = ![...runs.values()].some(
    (each) => each.row.workflow === workflow && each.gathering?.key === gathers?.key,
  );
  if (!gathers || !isFree) return;
  const inputs = batch ? (JSON.parse(input) as string[]) : [input];
  run.gathering = { key: gathers.key, inputs, until: gathers.until ?? Infinity };
  change(run, { gathers });
}

/** The run that gathers starts like this one, which it now has joined. */
function joined(
  { runs, joined: starts }: Memory,
  { id, workflow, gather, input, inputHash, queue, now }: TimedRun,
): Run | undefined {
  if (!gather) return undefined;
  for (const [start, { at }] of starts) if (at + JOINED_LIFETIME <= now) starts.delete(start);
  const earlier = runs.get(starts.get(id)?.run ?? "");
  if (earlier) return earlier;
  const run = [...runs.values()].find((each) => each.row.workflow === workflow && each.gathering?.key === gather.key);
  if (!run) return undefined;
  if (gather.type === "debounce") change(run, { inputHash, ...(!hasBeenDue(run) && { queue }) });
  add(run, gather, input, now);
  starts.set(id, { run: run.row.id, at: now });
  return run;
}

/** Whether a run that gathers has stood in line since it was due: its place does not change any more. */
const hasBeenDue = ({ gathering, row }: Run): boolean => gathering !== undefined && row.status !== "waiting";

/** One more start of a run that gathers, or its first. */
function add(run: Run, gather: Gather, input: string, now: number): void {
  const { key, wait } = gather;
  const { inputs: earlier, until } = run.gathering ?? {
    inputs: [],
    until: now + ((gather.type === "debounce" ? gather.max : wait) ?? Infinity),
  };
  const due = (wakeAt: number) => (hasBeenDue(run) ? {} : ({ status: "waiting", wakeAt } as const));
  if (gather.type === "debounce") {
    const at = due(Math.min(now + wait, until));
    run.gathering = { key, inputs: [input], until };
    change(run, { input, batch: undefined, gathers: { key, ...(until < Infinity && { until }) }, ...at });
    return;
  }
  const inputs = [...earlier, input];
  const at = due(run.row.wakeAt ?? until);
  run.gathering = { key, inputs, until };
  change(run, { input: batchInput(inputs), batch: true, gathers: { key }, ...at });
  if (inputs.length < gather.size) return;
  gathersNoMore(run);
  wake(run, now);
}

/** The run that was created last under a throttle which allows no further one now. */
function throttledBy(memory: Memory, { workflow, throttle, now }: TimedRun): Run | undefined {
  const under = throttle ? memory.throttled.filter((each) => isUnder(each, workflow, throttle)) : [];
  const recent = under.filter(({ at }) => throttle !== undefined && at + throttle.per > now);
  if (!throttle || recent.length < throttle.limit) return undefined;
  return memory.runs.get(under.at(-1)?.run ?? "");
}

const isUnder = (each: Memory["throttled"][number], workflow: string, { key }: Throttle): boolean =>
  each.workflow === workflow && each.key === key;
