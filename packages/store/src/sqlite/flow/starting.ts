import type { NewRun, RunRow } from "../../contract.ts";
import type { Tables } from "../tables.ts";

/** A start that creates no run: it joins one that gathers, or there were too many. */
export function joined({ runs, conditions }: Tables, run: NewRun): RunRow | undefined {
  const { gather, throttle, createdAt, workflow } = run;
  const found = gather && conditions.gathering(workflow, gather.key);
  if (found && gather.type === "debounce") {
    conditions.replace(found.id, run, Math.min(createdAt + gather.wait, found.until ?? Infinity));
    return runs.get(found.id);
  }
  if (found && gather.type === "batch") {
    const inputs = [...(JSON.parse(found.input) as string[]), run.input];
    conditions.collect(found.id, inputs);
    if (inputs.length >= gather.size) conditions.isFull(found.id, createdAt);
    return runs.get(found.id);
  }
  const earlier = throttle && conditions.throttledBy(run, throttle);
  return earlier === undefined ? undefined : runs.get(earlier);
}

/** What a run that was just created has to wait for. */
export function applyConditions(tables: Tables, run: NewRun): void {
  const { runs, conditions, line } = tables;
  const { id, workflow, queue, gather, throttle, createdAt, lease } = run;
  conditions.set(id, run);
  if (throttle) conditions.throttle(run, throttle);
  if (gather) {
    conditions.gather(id, gather, run.input, createdAt);
    const { max = Infinity } = gather.type === "debounce" ? gather : {};
    conditions.waitUntil(id, createdAt + Math.min(gather.wait, max));
    if (gather.type === "batch" && gather.size <= 1) conditions.isFull(id, createdAt);
  } else if (run.dueAt !== undefined) conditions.waitUntil(id, run.dueAt);
  else if (queue) {
    runs.setInLine(id, true);
    const { epoch } = runs.head(id) ?? { epoch: 0 };
    const counts = epoch === 0 ? 1 : 0;
    const item = line.enter({ ...queue, run: id, step: "", epoch, since: createdAt, counts, workflow });
    if (!lease || !item || !line.isOffered(item, createdAt) || !runs.claim({ run: id, lease, now: createdAt }, 0))
      return;
    line.take(item, { owner: lease.owner, until: null, epoch: epoch + 1, now: createdAt });
  } else if (lease) runs.claim({ run: id, lease, now: createdAt }, 0);
}

/** Whether the start of the run asks for more than to begin now. */
export const hasConditions = ({ queue, dueAt, beginBy, endBy, gather, throttle }: NewRun): boolean =>
  (queue ?? gather ?? throttle) !== undefined || (dueAt ?? beginBy ?? endBy) !== undefined;
