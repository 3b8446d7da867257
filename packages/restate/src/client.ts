import { randomUUID } from "node:crypto";
import { connect, HttpCallError, rpc, type Ingress } from "@restatedev/restate-sdk-clients";
import { PerdureError, type RunStatus } from "perdure";
import { checkId, currentRuntime, defaultRunId, runIdOf, storedName, workflowOf } from "perdure/engine";
import { patiently } from "./http.ts";
import type { About } from "./service.ts";
import { startFor } from "./start.ts";
import { serviceOf, type CancelRequest, type Delivery, type End, type Start } from "./wire.ts";

/** Milliseconds that one request waits for a result. Then it is asked for again. */
const LONGEST_WAIT = 60_000;

/** A client of a server of Restate. It runs on every Node that Perdure runs on, also in programs without the workflows. */
export interface Restate {
  /**
   * Starts a run, or attaches to the run of the workflow that has the id already. Resolves when the run is durable.
   * @param options.id - default: the workflow's `id=`, else one made of its name and arguments
   * @throws PerdureError `RUN_INPUT_DIFFERS`, `VALUE_NOT_STORABLE`, `SCHEMA_REFUSED`, `RUN_ID_INVALID`, `NOT_COMPILED`, `NOT_A_WORKFLOW`, `RESTATE_UNSUPPORTED`, `RESTATE_REFUSED`, `RESTATE_UNREACHABLE`
   */
  start<A extends unknown[], R>(
    workflow: (...args: A) => Promise<R>,
    args: NoInfer<A>,
    options?: { readonly id?: string },
  ): Promise<RestateRun<R>>;
  /** The run of the workflow, or of the workflow of that name, with this id. Whether it exists is only asked when something is asked of it. */
  run<R>(workflow: string | ((...args: never[]) => Promise<R>), id: string): RestateRun<R>;
}

/** @param url - of the server's ingress, such as `http://localhost:8080` */
export function restate(url: string, options: { readonly headers?: Record<string, string> } = {}): Restate {
  const ingress = connect({ url: url.replace(/\/$/, ""), retry: false, ...options });
  const server = { url, ingress };
  return {
    async start<A extends unknown[], R>(
      workflow: (...args: A) => Promise<R>,
      args: NoInfer<A>,
      { id, ...others }: { readonly id?: string } = {},
    ) {
      const definition = workflowOf(workflow);
      const { name } = definition.info;
      const [option] = Object.keys(others);
      if (option !== undefined)
        throw new PerdureError("RESTATE_UNSUPPORTED", {
          what: `the option ${option} of start()`,
          workflow: name,
          feature: option === "ifFailed" ? "retry" : option === "tags" ? "tags" : "conditions",
        });
      const start = startFor({ definition, args }, currentRuntime().values);
      const own = id === undefined ? runIdOf(definition, args) : checkId(id, name);
      const run = new RestateRun<R>(server, name, own ?? defaultRunId(name, start.inputHash), start.inputHash);
      const { status } = await run.ask((client) => client.workflowSubmit(start));
      if (status === "PreviouslyAccepted") await run.assertSame();
      return run;
    },
    run: <R>(workflow: string | ((...args: never[]) => Promise<R>), id: string) => {
      const name = typeof workflow === "string" ? workflow : workflowOf(workflow).info.name;
      return new RestateRun<R>(server, name, checkId(id, name));
    },
  };
}

/** The client of the ingress for one run. */
interface Client {
  workflowSubmit(start: Start): Promise<{ readonly status: string }>;
  workflowAttach(options: unknown): Promise<End>;
  workflowOutput(): Promise<{ readonly ready: boolean; readonly result: End }>;
  complete(delivery: Delivery, options: unknown): Promise<boolean>;
  cancel(request: CancelRequest): Promise<boolean>;
  about(): Promise<About | null>;
}

interface Server {
  readonly url: string;
  readonly ingress: Ingress;
}

/** A run on Restate. */
export class RestateRun<R = unknown> {
  readonly id: string;
  readonly workflow: string;
  private readonly server: Server;
  private readonly inputHash: string | undefined;

  /** @internal */
  constructor(server: Server, workflow: string, id: string, inputHash?: string) {
    this.server = server;
    this.workflow = workflow;
    this.id = id;
    this.inputHash = inputHash;
  }

  /**
   * Resolves with what the workflow returned, or rejects with what it threw, however long that takes.
   * @throws CancelledError when the run was cancelled; PerdureError `RUN_NOT_FOUND`, `RUN_INPUT_DIFFERS`, `RESTATE_RUN_LOST`, `RESTATE_UNREACHABLE`
   */
  async result(): Promise<R> {
    for (;;) {
      try {
        const end = await this.ask((client) => client.workflowAttach(rpc.opts({ timeout: LONGEST_WAIT })), isTimeout);
        return this.valueOf(end);
      } catch (error) {
        if (!isTimeout(error)) throw error;
      }
    }
  }

  private valueOf({ status, output, inputHash }: End): R {
    if (this.inputHash !== undefined && this.inputHash !== inputHash) throw this.differs();
    const value = currentRuntime().values.decode(output);
    if (status !== "completed") throw value;
    return value as R;
  }

  /**
   * Gives a message to the run's `signal(name)`. It may come before the wait, or before the run.
   * @returns false: the run has ended
   */
  complete(name: string, payload?: unknown): Promise<boolean> {
    const encoded = currentRuntime().values.encode(payload, `complete("${name}") was called with`);
    const delivery: Delivery = { name: storedName(name), payload: encoded };
    const once = rpc.opts({ idempotencyKey: randomUUID() }); // asked again, it is one message
    return this.ask((client) => client.complete(delivery, once));
  }

  /**
   * Cancels the run: its clean-up runs.
   * @returns false: the run has ended
   * @throws PerdureError `RUN_NOT_FOUND`
   */
  async cancel(reason?: unknown): Promise<boolean> {
    const encoded = currentRuntime().values.encode(reason, "cancel() was called with");
    if ((await this.status()) !== "running") return false;
    return this.ask((client) => client.cancel({ reason: encoded } satisfies CancelRequest));
  }

  /**
   * Whether the run is `running` (which may be waiting), or how it has ended.
   * @throws PerdureError `RUN_NOT_FOUND`
   */
  async status(): Promise<Extract<RunStatus, "running" | "completed" | "failed" | "cancelled">> {
    const output = await this.ask((client) => client.workflowOutput());
    return output.ready ? output.result.status : "running";
  }

  /** @internal */
  async assertSame(): Promise<void> {
    const about = await this.ask((client) => client.about());
    if (about && about.inputHash !== this.inputHash) throw this.differs();
  }

  private differs(): PerdureError {
    return new PerdureError("RUN_INPUT_DIFFERS", { run: this.id, workflow: this.workflow });
  }

  /** @internal */
  async ask<T>(call: (client: Client) => Promise<T>, isFinal: (error: unknown) => boolean = () => false): Promise<T> {
    const { url, ingress } = this.server;
    const client = ingress.workflowClient({ name: serviceOf(this.workflow) }, this.id) as unknown as Client;
    try {
      return await patiently(
        url,
        () => call(client),
        (error) => isFinal(error) || isAnswer(error),
      );
    } catch (error) {
      if (!(error instanceof HttpCallError)) throw error;
      throw this.refusal(error);
    }
  }

  private refusal({ status, responseText }: HttpCallError): PerdureError {
    const { id: run, workflow } = this;
    if (status === 404 && !responseText.includes("service")) return new PerdureError("RUN_NOT_FOUND", { run });
    if (status === 409 || status === 500)
      return new PerdureError("RESTATE_RUN_LOST", { run, workflow, detail: responseText });
    return new PerdureError("RESTATE_REFUSED", { url: this.server.url, detail: responseText });
  }
}

const isTimeout = (error: unknown): boolean => error instanceof Error && error.name === "TimeoutError";

/** Whether the server has answered. A gateway, or a server that starts, may answer later. */
const isAnswer = (error: unknown): boolean =>
  error instanceof HttpCallError && ![408, 425, 429, 502, 503, 504].includes(error.status);
