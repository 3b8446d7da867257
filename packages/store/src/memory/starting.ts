import type { CreatedRun, Gather, NewRun, Throttle } from "../contract.ts";
import { batchInput } from "../flow.ts";
import { change, newRun, own, wake, type Run } from "./run.ts";
import { enterRun, takeForRun } from "./slots.ts";
import type { Memory } from "./state.ts";

/** Creates the run, if it does not exist, joins none that gathers, and is not throttled. */
export function start(memory: Memory, given: NewRun): CreatedRun {
  const found = memory.runs.get(given.id) ?? joined(memory, given) ?? throttledBy(memory, given);
  if (found) return { created: false, run: found.row };
  const { id, workflow, throttle, createdAt } = given;
  const run = newRun(given, memory.created++, memory.deleted.get(id));
  memory.runs.set(id, run);
  if (throttle) memory.throttled.push({ workflow, key: throttle.key, at: createdAt, run: id });
  begin(memory, run, given);
  return { created: true, run: run.row };
}

function begin({ line }: Memory, run: Run, { gather, dueAt, lease, createdAt }: NewRun): void {
  if (gather) add(run, gather, run.row.input, createdAt);
  else if (dueAt !== undefined) change(run, { status: "waiting", wakeAt: dueAt });
  else if (!lease) enterRun(line, run, createdAt);
  else if (takeForRun(line, run, lease, createdAt)) own(run, lease, createdAt);
}

/** The run that gathers starts like this one, which it now has joined. */
function joined({ runs }: Memory, { workflow, gather, input, inputHash, createdAt }: NewRun): Run | undefined {
  if (!gather) return undefined;
  const run = [...runs.values()].find((each) => each.row.workflow === workflow && each.gathering?.key === gather.key);
  if (!run) return undefined;
  if (gather.type === "debounce") change(run, { inputHash });
  add(run, gather, input, createdAt);
  return run;
}

/** One more start of a run that gathers. */
function add(run: Run, gather: Gather, input: string, now: number): void {
  const { key, wait } = gather;
  const { createdAt, inLine } = run.row;
  const due = (wakeAt: number) => (inLine ? {} : ({ status: "waiting", wakeAt } as const)); // in line, it has been due already
  if (gather.type === "debounce") {
    run.gathering = { key, inputs: [input] };
    const wakeAt = Math.min(now + wait, createdAt + (gather.max ?? Infinity));
    change(run, { input, batch: undefined, ...due(wakeAt) });
    return;
  }
  const inputs = [...(run.gathering?.inputs ?? []), input];
  run.gathering = { key, inputs };
  change(run, { input: batchInput(inputs), batch: true, ...due(run.row.wakeAt ?? createdAt + wait) });
  if (inputs.length < gather.size) return;
  run.gathering = undefined;
  wake(run, now);
}

/** The run that was created last under a throttle which allows no further one now. */
function throttledBy(memory: Memory, { workflow, throttle, createdAt }: NewRun): Run | undefined {
  const under = throttle ? memory.throttled.filter((each) => isUnder(each, workflow, throttle)) : [];
  const recent = under.filter(({ at }) => throttle !== undefined && at + throttle.per > createdAt);
  if (!throttle || recent.length < throttle.limit) return undefined;
  return memory.runs.get(under.at(-1)?.run ?? "");
}

const isUnder = (each: Memory["throttled"][number], workflow: string, { key }: Throttle): boolean =>
  each.workflow === workflow && each.key === key;
