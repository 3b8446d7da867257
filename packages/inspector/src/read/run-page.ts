import type { RunExecution, StepInfo } from "perdure";
import type { Client } from "perdure/tools";
import type { ExecutionItem, RunPage, StepList, StepPage } from "../api.ts";
import { headline, linesAround, type SourceFinder } from "../show/index.ts";
import { runItem, stepItem, waitItem } from "./items.ts";
import { runList } from "./lists.ts";
import { errorText, LIMIT, valueText } from "./texts.ts";

/** Where sources are. */
export interface Project {
  readonly root: string;
  readonly find: SourceFinder;
}

const CHILDREN = 100;
/** How many of the last steps are looked through for the one that failed. */
const LAST = 1_000;

export async function runPage(client: Client, id: string, project: Project): Promise<Omit<RunPage, "hasWriting">> {
  const run = await client.getRun(id);
  const info = await run.info();
  const [input, output, executions, children] = await Promise.all([
    run.input(),
    run.output(),
    run.executions(),
    runList(client, { parent: id, limit: CHILDREN }),
  ]);
  const failed = info.error === undefined ? undefined : await failedStep(client, id, headline(info.error));
  return {
    run: runItem(info, LIMIT),
    input: valueText(input),
    ...(info.status === "completed" && { output: valueText(output) }),
    ...(info.error !== undefined && { error: errorText(info.error, project.root, project.find) }),
    ...(failed && { failedStep: { id: failed.id, ...placeOf(failed, project) } }),
    waitingFor: await Promise.all(info.waitingFor.map((wait) => waitItem(run, info.workflow, wait))),
    executions: executions.map(executionItem),
    children: children.runs,
    hasMoreChildren: children.hasMore,
  };
}

/** The last step that failed with the error of the run. */
async function failedStep(client: Client, id: string, error: string): Promise<StepInfo | undefined> {
  const run = await client.getRun(id);
  const after = Math.max(0, (await client.lastSeq(id, 0)) - LAST);
  const steps = await run.steps({ after, values: false });
  return steps.findLast((step) => step.state === "failed" && headline(step.error) === error);
}

function placeOf({ location }: StepInfo, { find }: Project): Pick<StepPage, "source"> & { readonly location?: string } {
  if (location === undefined) return {};
  const source = linesAround(location, find);
  return { location, ...(source && { source }) };
}

const executionItem = ({ number, startedAt, endedAt, end, owner }: RunExecution): ExecutionItem => ({
  number,
  startedAt: startedAt.getTime(),
  ...(endedAt && { endedAt: endedAt.getTime() }),
  end,
  ...(owner !== undefined && { owner }),
});

export async function stepList(
  client: Client,
  { run: id, after, limit }: { readonly run: string; readonly after: number; readonly limit: number },
): Promise<StepList> {
  const run = await client.getRun(id);
  const open = await run.steps({ open: true, values: false }); // first: one that ends now is then among the others
  const steps = await run.steps({ after, limit, values: false });
  const next = steps.length < limit ? undefined : steps.at(-1)?.seq;
  if (next !== undefined) return { steps: steps.map((step) => stepItem(step)), next };
  const ended = new Set(steps.map((step) => step.id));
  const last = [...steps, ...open.filter((step) => !ended.has(step.id))];
  const { waitingFor } = await run.info();
  return { steps: last.map((step) => stepItem(step, waitingFor)) };
}

export async function stepPage(client: Client, run: string, id: string, project: Project): Promise<StepPage> {
  const found = await client.getRun(run);
  const step = await found.step(id);
  const { waitingFor } = await found.info();
  const { source } = placeOf(step, project);
  return {
    step: stepItem(step, waitingFor),
    ...("input" in step && { input: valueText(step.input) }),
    ...("output" in step && { output: valueText(step.output) }),
    ...(step.error !== undefined && { error: errorText(step.error, project.root, project.find) }),
    ...(source && { source }),
  };
}
