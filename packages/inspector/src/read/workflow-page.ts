import type { StepInfo } from "perdure";
import type { Client } from "perdure/tools";
import type { GraphNode, StepStats, WorkflowPage } from "../api.ts";
import { workflowList } from "./lists.ts";
import { quantile } from "./quantile.ts";

/** The runs whose steps are read, and how many steps of each. */
const RUNS = 20;
const STEPS = 2_000;

const LOOPS = new Set(["for", "while", "do"]);

/** A node with what was recorded there. */
interface Growing {
  readonly name: string;
  kind: GraphNode["kind"];
  location?: string;
  readonly steps: StepInfo[];
  readonly children: Map<string, Growing>;
}

/** Undefined: no run of the workflow is recorded. */
export async function workflowPage(client: Client, name: string): Promise<WorkflowPage | undefined> {
  const workflow = (await workflowList(client)).find((each) => each.name === name);
  if (!workflow) return undefined;
  const root: Growing = { name, kind: "workflow", steps: [], children: new Map() };
  const reached = new Set<string>();
  const runs = await client.listRuns({ workflow: name, limit: RUNS });
  for (const { id } of runs)
    for (const step of await (await client.getRun(id)).steps({ limit: STEPS, values: false })) {
      add(root, step);
      if (step.location !== undefined) reached.add(step.location);
    }
  return { workflow, graph: nodeOf(root), sampledRuns: runs.length, unreached: await unreached(client, name, reached) };
}

/** The name in a segment of a step's path: `for[17]` and `charge[0]~1` without what distinguishes their calls. */
const nameIn = (segment: string): string => segment.replace(/^\/+/u, "").replace(/(?:\[[^\]]*\]|~\d+)*$/u, "");

function add(root: Growing, step: StepInfo): void {
  let node = root;
  for (const [depth, segment] of step.path.entries()) {
    const name = nameIn(segment);
    const isLast = depth === step.path.length - 1;
    const kind = isLast ? kindOf(step) : LOOPS.has(name) ? "loop" : "function";
    const known = node.children.get(name);
    const child: Growing = known ?? { name, kind, steps: [], children: new Map() };
    if (!known) node.children.set(name, child);
    if (isLast) {
      child.kind = kind;
      child.steps.push(step);
      if (step.location !== undefined) child.location ??= step.location;
    }
    node = child;
  }
}

const kindOf = ({ kind }: StepInfo): GraphNode["kind"] => (kind === "cancel" ? "function" : kind);

function nodeOf({ name, kind, location, steps, children }: Growing): GraphNode {
  return {
    kind,
    name,
    ...(location !== undefined && { location }),
    ...(steps.length > 0 && { stats: statsOf(steps) }),
    children: [...children.values()].map(nodeOf),
  };
}

function statsOf(steps: readonly StepInfo[]): StepStats {
  const times = steps.flatMap(({ startedAt, finishedAt }) =>
    finishedAt ? [finishedAt.getTime() - startedAt.getTime()] : [],
  );
  const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)];
  return {
    count: steps.length,
    failed: steps.filter(({ state }) => state === "failed").length,
    retried: steps.filter(({ attempts }) => attempts > 1).length,
    ...(p50 !== undefined && { p50 }),
    ...(p95 !== undefined && { p95 }),
  };
}

/** The calls in the modules of the workflow that no step was recorded of, without those that stand directly in another workflow. */
async function unreached(
  client: Client,
  workflow: string,
  reached: ReadonlySet<string>,
): Promise<WorkflowPage["unreached"]> {
  const { modules = [] } = (await client.manifestOf(workflow)) ?? {};
  return modules
    .flatMap(({ file, functions, sites }) =>
      sites.flatMap(([name, line, column]) => {
        const around = functions.findLast(
          ({ at: [from, before] }) => from < line || (from === line && before < column),
        );
        const isOther = around?.kind === "workflow" && around.name !== workflow;
        return isOther ? [] : [{ name, location: `${file}:${line}:${column}` }];
      }),
    )
    .filter(({ location }) => !reached.has(location));
}
