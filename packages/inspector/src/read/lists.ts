import type { ListOptions, RunInfo } from "perdure";
import type { Client } from "perdure/tools";
import type { Overview, RunList, Status, WaitItem, WaitList, WorkflowItem } from "../api.ts";
import { isMissing, runItem, waitItem } from "./items.ts";
import { quantile } from "./quantile.ts";

const NONE: Readonly<Record<Status, number>> = {
  pending: 0,
  running: 0,
  waiting: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  blocked: 0,
};

/** How many of a workflow's latest runs its rates and times are of. */
const SAMPLE = 500;

export async function overview(client: Client, canAct: boolean): Promise<Overview> {
  const counts: Record<Status, number> = { ...NONE };
  const workflows = new Set<string>();
  for (const { workflow, status, count } of await client.countRuns()) {
    counts[status] += count;
    workflows.add(workflow);
  }
  return { store: client.storeName, now: Date.now(), counts, workflows: [...workflows].sort(), canAct };
}

export async function runList(client: Client, options: ListOptions & { readonly limit: number }): Promise<RunList> {
  const runs = await client.listRuns({ ...options, limit: options.limit + 1 });
  return { runs: runs.slice(0, options.limit).map((run) => runItem(run)), hasMore: runs.length > options.limit };
}

/** Every workflow that a run is recorded of, by name. */
export async function workflowList(client: Client): Promise<WorkflowItem[]> {
  const counted = new Map<string, { file: string; counts: Record<Status, number> }>();
  for (const { workflow, file, status, count } of await client.countRuns()) {
    const found = counted.get(workflow) ?? { file, counts: { ...NONE } };
    found.counts[status] += count;
    counted.set(workflow, found);
  }
  const names = [...counted].sort(([a], [b]) => (a < b ? -1 : 1));
  return Promise.all(
    names.map(async ([name, { file, counts }]) => ({ name, file, counts, ...(await rates(client, name)) })),
  );
}

async function rates(client: Client, workflow: string): Promise<Omit<WorkflowItem, "name" | "file" | "counts">> {
  const ended = await client.listRuns({ workflow, status: ["completed", "failed", "cancelled"], limit: SAMPLE });
  if (ended.length === 0) return { sample: 0 };
  const times = ended.map(({ createdAt, endedAt }) => (endedAt?.getTime() ?? 0) - createdAt.getTime());
  const failed = ended.filter(({ status }) => status === "failed").length;
  const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)];
  return {
    sample: ended.length,
    failureRate: failed / ended.length,
    ...(p50 !== undefined && { p50 }),
    ...(p95 !== undefined && { p95 }),
  };
}

/** What runs wait for, the next due first; those that nothing but an event ends come last. */
export async function waitList(
  client: Client,
  { after, limit }: { readonly after?: string; readonly limit: number },
): Promise<WaitList> {
  const runs = await client.listRuns({ status: "waiting", order: "due", limit, after });
  const waits = (await Promise.all(runs.map((run) => waitsOf(client, run)))).flat();
  const next = runs.length === limit ? runs.at(-1)?.cursor : undefined;
  return { waits, ...(next !== undefined && { next }) };
}

async function waitsOf(client: Client, run: RunInfo): Promise<WaitItem[]> {
  try {
    const found = await client.getRun(run.id);
    const { waitingFor } = await found.info();
    return await Promise.all(waitingFor.map((wait) => waitItem(found, run.workflow, wait)));
  } catch (error) {
    if (isMissing(error)) return []; // it was deleted meanwhile
    throw error;
  }
}
