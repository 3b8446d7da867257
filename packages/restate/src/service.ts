import { randomUUID } from "node:crypto";
import {
  handlers as restateHandlers,
  TerminalError,
  workflow,
  type WorkflowContext,
  type WorkflowDefinition as RestateWorkflow,
  type WorkflowSharedContext,
} from "@restatedev/restate-sdk";
import { PerdureError } from "perdure";
import {
  bodyOf,
  codeOf,
  currentRuntime,
  Execution,
  flowOf,
  parseWith,
  type Host,
  type RunRow,
  type WorkflowDefinition,
} from "perdure/engine";
import type { Services } from "./children.ts";
import { RestateEngine } from "./engine.ts";
import { startFor } from "./start.ts";
import {
  CANCEL,
  serviceOf,
  signalPromise,
  startOf,
  state,
  type Cancel,
  type CancelRequest,
  type Delivery,
  type End,
  type Payload,
  type Start,
} from "./wire.ts";

/** How the server keeps the runs of a workflow. */
export interface ServiceOptions {
  /** How long an ended run stays: its result, its messages, its id. Default: the server's, a day. */
  readonly workflowRetention?: number;
  /** How long nothing may happen in a run before it leaves memory. Default: the server's, a minute. */
  readonly inactivityTimeout?: number;
  /** How much longer an attempt of a task may take. Then it is given up, and made again. Default: the server's, ten minutes. */
  readonly abortTimeout?: number;
}

/** What a run records first. */
interface Begun {
  readonly at: number;
  readonly seed: string;
  readonly code: string;
}

/** The service of one workflow. Its handler `run` is the run; the others are for who steers it. */
export function serviceFor(
  definition: WorkflowDefinition,
  services: Services,
  options: ServiceOptions,
): RestateWorkflow<string, unknown> {
  const { name } = definition.info;
  if (flowOf(definition))
    throw new PerdureError("RESTATE_UNSUPPORTED", { what: "a queue", workflow: name, feature: "queues" });
  const body = bodyOf(definition);
  return workflow({
    name: serviceOf(name),
    handlers: {
      run: restateHandlers.workflow.workflow({ explicitCancellation: true }, (ctx: WorkflowContext, input: unknown) =>
        execute(ctx, input, definition, body, services),
      ),
      complete: restateHandlers.workflow.shared(complete),
      cancel: restateHandlers.workflow.shared(cancel),
      about: restateHandlers.workflow.shared((ctx: WorkflowSharedContext) => ctx.get<About>(state.about)),
    },
    options,
  });
}

/** What others may know of a run. */
export interface About {
  readonly inputHash: string;
}

async function execute(
  ctx: WorkflowContext,
  input: unknown,
  definition: WorkflowDefinition,
  body: ReturnType<typeof bodyOf>,
  services: Services,
): Promise<End> {
  const runtime = currentRuntime();
  const start = startOf(input, (args) => started({ definition, args }, runtime.values));
  ctx.set<About>(state.about, { inputHash: start.inputHash });
  const { fingerprint } = codeOf(definition);
  const begun = await ctx.run("{start}", (): Begun => ({ at: Date.now(), seed: randomUUID(), code: fingerprint }));
  const run = runRow(ctx.key, definition, start, begun);
  if (begun.code !== fingerprint)
    throw new PerdureError("RESTATE_CODE_CHANGED", { run: run.id, workflow: run.workflow });
  return new Promise((resolve, reject) => {
    let isPausing = (): boolean => false;
    const execution = new Execution(hostOf(run), run, definition, Infinity, [], new Map(), (of) => {
      const engine = new RestateEngine(of, ctx, services, { finished: resolve, stopped: reject });
      isPausing = () => engine.isPausing;
      return engine;
    });
    void execution.ended.then((end) => end.type === "stopped" && !isPausing() && reject(end.error as Error));
    // the run leaves memory, or continues elsewhere
    const { attemptCompletedSignal } = ctx.request();
    attemptCompletedSignal.addEventListener("abort", () => !execution.hasEnded && execution.lose(), { once: true });
    const stored = runtime.values.decode(start.input);
    const schema = definition.options?.input;
    const args = schema ? parseWith(schema, stored, `the input of ${run.workflow}`) : stored;
    execution.start(body, args as unknown[]);
  });
}

function started(call: Parameters<typeof startFor>[0], values: Host["values"]): Start {
  try {
    return startFor(call, values);
  } catch (error) {
    throw new TerminalError(error instanceof Error ? error.message : String(error), { errorCode: 400 });
  }
}

const runRow = (id: string, definition: WorkflowDefinition, start: Start, { at, seed, code }: Begun): RunRow => ({
  id,
  workflow: definition.info.name,
  file: definition.module.file,
  status: "running",
  input: start.input,
  inputHash: start.inputHash,
  code,
  codeSeq: 0,
  seed,
  epoch: 1,
  restarts: 0,
  stalls: 0,
  createdAt: at,
  startedAt: at,
  updatedAt: at,
});

/** The runtime of the process, with its settings, codec and hooks. Ids belong to one workflow, so keys begin with its name. */
const hostOf = ({ workflow }: RunRow): Host =>
  Object.create(currentRuntime(), {
    keyPrefix: { value: `${encodeURIComponent(workflow)}:` },
    // a step without an attempt in this process is not one that is replayed
    hears: { value: (event: Parameters<Host["hears"]>[0]) => event !== "replayed" && currentRuntime().hears(event) },
  }) as Host;

/** Gives a message to the run, or keeps it for the run. False: the run has ended. */
async function complete(ctx: WorkflowSharedContext, { name, payload }: Delivery): Promise<boolean> {
  if ((await ctx.get<boolean>(state.ended)) === true) return false;
  const at = await ctx.date.now();
  for (let slot = await firstFree(ctx, name); ; slot++)
    if (await settle<Payload>(ctx, signalPromise(name, slot), { payload, at })) return true;
}

/** The first message of the name that has not come. All before it have: none is settled before the one before. */
async function firstFree(ctx: WorkflowSharedContext, name: string): Promise<number> {
  const isTaken = async (slot: number): Promise<boolean> =>
    (await ctx.promise<Payload>(signalPromise(name, slot)).peek()) !== undefined;
  let step = 1;
  let free = 0;
  while (await isTaken(free + step - 1)) {
    free += step;
    step *= 2;
  }
  for (step = Math.floor(step / 2); step >= 1; step = Math.floor(step / 2))
    if (await isTaken(free + step - 1)) free += step;
  return free;
}

/** False: the run has ended. */
async function cancel(ctx: WorkflowSharedContext, { reason }: CancelRequest): Promise<boolean> {
  if ((await ctx.get<boolean>(state.ended)) === true) return false;
  await settle<Cancel>(ctx, CANCEL, { reason, at: await ctx.date.now() });
  return true;
}

/** Settles a durable promise. False: somebody else has. */
async function settle<T>(ctx: WorkflowSharedContext, name: string, value: T): Promise<boolean> {
  try {
    await ctx.promise<T>(name).resolve(value);
    return true;
  } catch (error) {
    if (error instanceof TerminalError && error.code === 409) return false;
    throw error;
  }
}
