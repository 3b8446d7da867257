import { parseManifest, type Manifest } from "@perdure/protocol";
import type { RunCount } from "@perdure/store";
import type { RuntimeOptions } from "../config/settings.ts";
import { runtimeInUse } from "../process/default-runtime.ts";
import { systemOwners } from "../process/owner.ts";
import { Runtime } from "../process/runtime.ts";
import type { RunInfo } from "./info.ts";
import { Queue, queuesOf, type QueueInfo } from "./queues.ts";
import { Run } from "./run.ts";
import { listRunsOf, type ListOptions } from "./runs.ts";

/** The runs of one store, to see and to steer: what the functions of `perdure` do for the store of the program. */
export class Client {
  private readonly runtime: Runtime;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  get storeName(): string {
    return this.runtime.store.name;
  }

  /** @throws PerdureError `RUN_NOT_FOUND` */
  async getRun(id: string): Promise<Run> {
    return new Run(this.runtime, (await this.runtime.requests.row(id)).id);
  }

  listRuns(options: ListOptions): Promise<RunInfo[]> {
    return listRunsOf(this.runtime, options);
  }

  async countRuns(): Promise<RunCount[]> {
    return (await this.runtime.ready()).countRuns();
  }

  queues(): Promise<QueueInfo[]> {
    return queuesOf(this.runtime);
  }

  /** The queue of this name, whether or not it is used. */
  queue(name: string): Queue {
    return new Queue(() => this.runtime, name);
  }

  /** The `seq` of the last finished step of the run, whose values are not decoded. `after`, if no step has a higher one. */
  async lastSeq(run: string, after: number): Promise<number> {
    const steps = await (await this.runtime.ready()).steps(run, { after, values: false });
    return steps.at(-1)?.seq ?? after;
  }

  complete(run: string, name: string, payload: unknown): Promise<boolean> {
    return this.runtime.requests.complete(run, name, payload);
  }

  /**
   * The modules of the code version that the latest run of the workflow knows. Undefined where none is recorded.
   * @throws PerdureError `MANIFEST_INVALID`
   */
  async manifestOf(workflow: string): Promise<Manifest | undefined> {
    const [latest] = await this.runtime.requests.list({ workflow, limit: 1 });
    const text = latest && (await (await this.runtime.ready()).getCode(latest.code));
    return text === undefined ? undefined : parseManifest(JSON.parse(text), `the code of workflow ${workflow}`);
  }

  close(): Promise<void> {
    return this.runtime.close();
  }
}

const clients = new WeakMap<Runtime, Client>();

/**
 * For the store of the program itself, as `configure` has it: the same one until `close()`.
 * @throws PerdureError `RUNTIME_CLOSED`
 */
export function programClient(): Client {
  const runtime = runtimeInUse();
  const known = clients.get(runtime) ?? new Client(runtime);
  clients.set(runtime, known);
  return known;
}

/** For a store beside that of the program. Nothing is executed through it. */
export const openClient = (options: Pick<RuntimeOptions, "store" | "codec" | "redact">): Client =>
  new Client(new Runtime({ ...options, logLevel: "silent" }, systemOwners, false));
