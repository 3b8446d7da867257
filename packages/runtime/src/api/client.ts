import { parseManifest, type Manifest } from "@perdure/protocol";
import type { RunCount, StreamHead } from "@perdure/store";
import type { RuntimeOptions } from "../config/settings.ts";
import { workflowNames } from "../definitions/registry.ts";
import { runtimeInUse } from "../process/default-runtime.ts";
import { systemOwners } from "../process/owner.ts";
import { Runtime } from "../process/runtime.ts";
import { hasSchedules } from "../schedules/define.ts";
import type { RunInfo } from "./info.ts";
import { Queue, queuesOf, type QueueInfo } from "./queues.ts";
import { Run } from "./run.ts";
import { listRunsOf, type ListOptions } from "./runs.ts";
import { getScheduleOf, schedulesOf, type Schedule, type ScheduleInfo } from "./schedules.ts";

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

  async schedules(): Promise<ScheduleInfo[]> {
    return hasSchedules(await this.runtime.ready()) ? schedulesOf(this.runtime) : [];
  }

  /** @throws PerdureError `SCHEDULE_NOT_FOUND` */
  getSchedule(name: string): Promise<Schedule> {
    return getScheduleOf(this.runtime, name);
  }

  /** Whether this program executes runs of the store: then what it has not loaded matters. A program without any workflow only looks at them. */
  get executes(): boolean {
    return this.runtime.executes && workflowNames().length > 0;
  }

  /** The `seq` of the last finished step of the run, whose values are not decoded. `after`, if no step has a higher one. */
  async lastSeq(run: string, after: number): Promise<number> {
    const steps = await (await this.runtime.ready()).steps(run, { after, values: false });
    return steps.at(-1)?.seq ?? after;
  }

  /** The streams of the run; none where the store has no streams. */
  async streams(run: string): Promise<StreamHead[]> {
    return (await (await this.runtime.ready()).streams?.(run)) ?? [];
  }

  /** The chunks of one part of a stream that are there, as far as `limit`. None with `configure({ redact })`, which is made for whole values. */
  async chunks(run: string, stream: string, part: string, limit: number): Promise<unknown[]> {
    const { settings, values } = this.runtime;
    if (settings.redact) return [];
    const page = await (await this.runtime.ready()).readStream?.({ run, stream, from: 0, limit, part });
    return (page?.entries ?? []).flatMap((row) => (row.type === "chunk" ? [values.decode(row.value)] : []));
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
