import { nextTurn } from "@perdure/protocol";
import type { Awaitable, RunRow, StepRow } from "@perdure/store";
import { Execution } from "../execution/execution.ts";
import type { ExecutionEnd } from "../execution/late.ts";
import type { Host, RunRequest } from "../execution/host.ts";
import { bodyOf } from "../execution/launch.ts";
import { inputOf } from "../queues/run-input.ts";
import type { RecordedStreams } from "../streams/log.ts";
import { parseWith } from "../values/schema.ts";
import type { ProcessContext } from "./context.ts";

/** What happens to the runs in memory. */
interface Listener {
  begun(execution: Execution): void;
  ended(execution: Execution, end: ExecutionEnd): void;
  /** A call that was to make the run ours failed: perhaps it did so. */
  unsure(id: string, request: RunRequest | undefined, error: unknown): void;
}

/** The runs that this process executes, and those that it is about to execute. */
export class RunsInMemory {
  private readonly context: ProcessContext;
  private readonly host: Host;
  private readonly listener: Listener;
  private readonly executions = new Map<string, Execution>();
  /** Calls of the store that are about to make a run ours. There may be two: a claim, and the creation that somebody asks for. */
  private readonly claims = new Map<string, Set<Promise<unknown>>>();

  /** Calls of the store that are about to make runs ours which it chooses. */
  private readonly takes = new Set<Promise<unknown>>();

  constructor(context: ProcessContext, host: Host, listener: Listener) {
    this.context = context;
    this.host = host;
    this.listener = listener;
  }

  get size(): number {
    return this.executions.size;
  }

  /** Whether the run is executed here, or about to be. */
  has(id: string): boolean {
    return this.executions.has(id) || this.claims.has(id);
  }

  /** Whether the run is executed here, or other calls than one are about to make it ours. */
  isContended(id: string): boolean {
    return this.executions.has(id) || (this.claims.get(id)?.size ?? 0) > 1;
  }

  /** Those that are executed here, or about to be. */
  ids(): string[] {
    return [...this.executions.keys(), ...this.claims.keys()];
  }

  get(id: string): Execution | undefined {
    return this.executions.get(id);
  }

  all(): Execution[] {
    return [...this.executions.values()];
  }

  /** Whether any run may be about to be ours. */
  get isTaking(): boolean {
    return this.takes.size > 0;
  }

  /** While a claim of runs that the store chooses is in flight, none is taken for one that this process has dropped, and `close` waits. */
  async taking<T>(take: () => Awaitable<T>): Promise<T> {
    const answer = take();
    if (!(answer instanceof Promise)) return answer;
    this.takes.add(answer);
    try {
      return await answer;
    } finally {
      this.takes.delete(answer);
    }
  }

  /** The store call that is about to make the run ours, if one is in flight. */
  claimInFlight(id: string): Promise<unknown> | undefined {
    return [...(this.claims.get(id) ?? [])].at(-1);
  }

  /** While a claim of the run is in flight, no other part of this process claims it, and `close` waits. */
  async claiming<T>(id: string, request: RunRequest | undefined, begin: () => Awaitable<T>): Promise<T> {
    try {
      const claim = begin();
      return await (claim instanceof Promise ? this.inFlight(id, claim) : claim);
    } catch (error) {
      this.listener.unsure(id, request, error);
      throw error;
    }
  }

  private async inFlight<T>(id: string, claim: Promise<T>): Promise<T> {
    const claims = this.claims.get(id) ?? new Set();
    this.claims.set(id, claims.add(claim));
    try {
      return await claim;
    } finally {
      claims.delete(claim);
      if (claims.size === 0) this.claims.delete(id);
    }
  }

  /** Executes a run that this process owns. */
  execute(
    row: RunRow,
    request: RunRequest,
    leaseEndsAt: number,
    steps: readonly StepRow[] = [],
    codeVersions?: ReadonlyMap<string, string>,
    streams?: RecordedStreams,
  ): void {
    const known = this.executions.get(row.id);
    if (known && known.run.epoch > row.epoch) return; // what made it ours was answered late: this process has claimed it again since
    if (known?.hasEnded === false) known.lose();
    const { definition } = request;
    const execution = new Execution(this.host, row, definition, leaseEndsAt, steps, codeVersions, undefined, streams);
    this.executions.set(row.id, execution);
    this.listener.begun(execution);
    void execution.ended.then((end) => {
      if (this.executions.get(row.id) === execution) this.executions.delete(row.id);
      this.listener.ended(execution, end);
    });
    // the run became ours while `close` waited
    const { isClosed, owner, owners } = this.context;
    if (isClosed) return owners.here.has(owner) ? execution.giveBack() : execution.lose();
    const start = (): void => {
      const stored = inputOf(this.context.values, row);
      const schema = definition.options?.input;
      const args = schema ? parseWith(schema, stored, `the input of ${row.workflow}`) : stored;
      execution.start(request.body ?? bodyOf(definition), args as unknown[]);
    };
    try {
      if (request.inContext) request.inContext(start);
      else start();
    } catch (error) {
      execution.stop(error);
    }
  }

  /** Lets running attempts finish and gives the runs back: those of `ids`, or all. */
  async drain(ids?: ReadonlySet<string>): Promise<void> {
    while (this.claims.size > 0 || this.isTaking) {
      await Promise.allSettled([...this.takes, ...[...this.claims.values()].flatMap((claims) => [...claims])]);
      await new Promise((resolve) => nextTurn(resolve)); // callers of the claims continue first
    }
    const executions = this.all().filter(({ run }) => !ids || ids.has(run.id));
    await Promise.all(executions.map((execution) => execution.drain()));
  }
}
