import type { RunRow } from "../../contract.ts";
import type { TimedRun } from "../../timed.ts";
import type { Tables } from "../tables.ts";

/** A start that creates no run: it joins one that gathers, or there were too many. */
export function joined({ runs, conditions }: Tables, run: TimedRun): RunRow | undefined {
  const { gather, throttle, now, workflow } = run;
  const joinedBefore = gather && conditions.joinedBy(run);
  const known = joinedBefore === undefined ? undefined : runs.get(joinedBefore);
  if (known) return known;
  const found = gather && conditions.gathering(workflow, gather.key);
  if (found) conditions.join(run, found.id);
  if (found && gather.type === "debounce") {
    conditions.replace(found.id, run, Math.min(now + gather.wait, found.until ?? Infinity));
    return runs.get(found.id);
  }
  if (found && gather.type === "batch") {
    const inputs = [...(JSON.parse(found.input) as string[]), run.input];
    conditions.collect(found.id, inputs);
    if (inputs.length >= gather.size) conditions.isFull(found.id, now);
    return runs.get(found.id);
  }
  const earlier = throttle && conditions.throttledBy(run, throttle);
  return earlier === undefined ? undefined : runs.get(earlier);
}

/** What a run that was just created has to wait for. */
export function applyConditions(tables: Tables, run: TimedRun): void {
  const { runs, conditions, line } = tables;
  const { id, workflow, queue, gather, throttle, now, lease } = run;
  conditions.set(id, run);
  if (run.imported) conditions.restore(id, run);
  if (throttle) conditions.throttle(run, throttle);
  if (gather) {
    conditions.gather(id, gather, run.input, now);
    const { max = Infinity } = gather.type === "debounce" ? gather : {};
    conditions.waitUntil(id, now + Math.min(gather.wait, max));
    if (gather.type === "batch" && gather.size <= 1) conditions.isFull(id, now);
  } else if (run.dueAt !== undefined) conditions.waitUntil(id, run.dueAt);
  else if (queue && !(run.imported && lease)) {
    runs.setInLine(id, true);
    const { epoch } = runs.head(id) ?? { epoch: 0 };
    const counts = epoch === 0 ? 1 : 0;
    const item = line.enter({ ...queue, run: id, step: "", epoch, since: now, counts, lent: 0, workflow });
    if (!lease || !item || !line.isOffered(item, now) || !runs.claim({ run: id, lease, now }, 0)) return;
    line.take(item, { owner: lease.owner, until: null, epoch: epoch + 1, now });
  } else if (lease) runs.claim({ run: id, lease, now }, 0);
}

/** Whether the start of the run asks for more than to begin now. */
export const hasConditions = ({ queue, dueAt, beginBy, endBy, gather, throttle, imported }: TimedRun): boolean =>
  (queue ?? gather ?? throttle ?? imported) !== undefined || (dueAt ?? beginBy ?? endBy) !== undefined;
