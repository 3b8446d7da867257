import {
  serde,
  type InvocationId,
  type RestatePromise,
  type Serde,
  type TerminalError,
  type WorkflowContext,
} from "@restatedev/restate-sdk";
import { PerdureError } from "perdure";
import {
  flowOf,
  type ChildRequest,
  type Encoded,
  type EngineRun,
  type PendingCall,
  type WorkflowDefinition,
} from "perdure/engine";
import type { Completions } from "./completions.ts";
import { startFor } from "./start.ts";
import { handlers, type CancelRequest, type End, type Start } from "./wire.ts";

const json = serde.json as unknown as Serde<unknown>;

/** The workflows that a program serves. */
export interface Services {
  /** The service of a workflow; undefined where it is not served. */
  of(definition: WorkflowDefinition): string | undefined;
}

/** A run that a run waits for. */
interface Child {
  readonly service: string;
  readonly id: string;
  readonly start: Start;
}

/** The runs that a run begins: those that it waits for, and those that it only starts. Each is an invocation of its own. */
export class Children {
  private readonly run: EngineRun;
  private readonly context: WorkflowContext;
  private readonly services: Services;
  private readonly completions: Completions;
  private readonly open = new Map<PendingCall, Child>();

  constructor(run: EngineRun, context: WorkflowContext, services: Services, completions: Completions) {
    this.run = run;
    this.context = context;
    this.services = services;
    this.completions = completions;
  }

  begin(call: PendingCall): void {
    const { run, host } = this.run;
    const { id, workflow } = run;
    // ids are of one workflow each: those of two parents may be equal
    const request = call.spec.request?.({ execution: { run: { ...run, id: `${workflow}:${id}` } }, call });
    if (!request) throw new TypeError(`a step of the kind ${call.kind} has no run`);
    const { name } = request.definition.info;
    const service = this.services.of(request.definition);
    if (service === undefined)
      throw new PerdureError("RESTATE_NOT_SERVED", { workflow: name, run: id, caller: workflow });
    this.refuseOptions(request);
    if (call.kind === "child" && name === workflow && request.id === id)
      return this.completions.fail(call, new PerdureError("RUN_OF_ITSELF", { run: id, workflow }));
    let start: Start;
    try {
      start = startFor(request, host.values);
    } catch (error) {
      return this.completions.fail(call, error);
    }
    this.send(call, { service, id: request.id, start });
  }

  private send(call: PendingCall, child: Child): void {
    const { service, id, start } = child;
    const target = { service, method: handlers.run, key: id };
    const sent = this.context.genericSend({ ...target, parameter: start, inputSerde: json, name: call.id });
    if (call.kind === "child") this.open.set(call, child);
    // the run may have been there before: this is its invocation all the same
    this.completions.watch(sent.invocationId as RestatePromise<InvocationId>, (invocation) => {
      if (call.kind === "start") return this.started(call, id);
      const result = this.context.attach<End>(invocation as InvocationId);
      this.completions.watch(result, (end, failure) => this.ended(call, child, end, failure));
    });
  }

  private started(call: PendingCall, id: string): void {
    const output = this.run.host.values.encode(id, "start() returned");
    this.completions.end(call, { state: "completed", output, target: id });
  }

  private ended(call: PendingCall, { id: run, start }: Child, end: End | undefined, failure?: TerminalError): void {
    const { name: workflow } = call.spec;
    this.open.delete(call);
    if (!end) {
      const detail = failure?.message ?? "";
      return this.completions.fail(call, new PerdureError("RESTATE_RUN_LOST", { run, workflow, detail }));
    }
    const { status, output, inputHash, at } = end;
    if (inputHash !== start.inputHash)
      return this.completions.fail(call, new PerdureError("RUN_INPUT_DIFFERS", { run, workflow }), at);
    this.completions.end(call, { state: status === "completed" ? "completed" : "failed", output, target: run }, at);
  }

  private refuseOptions({ conditions, ifFailed = "attach", tags = [], definition }: ChildRequest): void {
    const { name } = definition.info;
    const { workflow } = this.run.run;
    const [option] = Object.keys(conditions ?? {});
    const refuse = (what: string, feature: "queues" | "conditions" | "retry" | "tags"): never => {
      throw new PerdureError("RESTATE_UNSUPPORTED", { what, workflow, feature });
    };
    if (flowOf(definition)) refuse(`a queue for the workflow ${name}`, "queues");
    if (option !== undefined) refuse(`the option ${option} of start(${name})`, "conditions");
    if (ifFailed !== "attach") refuse(`the option ifFailed of start(${name})`, "retry");
    if (tags.length > 0) refuse(`the option tags of start(${name})`, "tags");
  }

  /** Cancels those whose calls are not sheltered. Their outcomes follow. */
  cancel(reason: Encoded): void {
    for (const [call, { service, id }] of this.open) {
      if (call.caller.shelter !== "none") continue;
      const request: CancelRequest = { reason };
      const target = { service, method: handlers.cancel, key: id };
      this.context.genericSend({ ...target, parameter: request, inputSerde: json, name: `${call.id}, cancel` });
    }
  }
}
