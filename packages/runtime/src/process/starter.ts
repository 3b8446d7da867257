import { randomUUID } from "../crypto.ts";
import { nextTurn, PerdureError } from "@perdure/protocol";
import type { NewRun, RunRow } from "@perdure/store";
import { conditionsOf } from "../queues/conditions.ts";
import type { Slots } from "../queues/slots.ts";
import { codeOf } from "../definitions/code.ts";
import { locationOf, type Body, type WorkflowDefinition } from "../definitions/definition.ts";
import { checkId, defaultRunId, runIdOf } from "../definitions/run-id.ts";
import { isRunOf } from "../definitions/workflows.ts";
import type { RunRequest } from "../execution/host.ts";
import { newHistory } from "../history/code-spans.ts";
import { guarded, headlineOf } from "../values/describe.ts";
import { fullFingerprint } from "../values/fingerprint.ts";
import { parseWith } from "../values/schema.ts";
import { placeOf } from "./claims.ts";
import type { Committer } from "../storage/committer.ts";
import type { ProcessContext } from "./context.ts";
import type { Followers } from "./followers.ts";
import type { Leases } from "./leases.ts";
import type { RunsInMemory } from "./runs-in-memory.ts";

const direct = <R>(call: () => R): R => call();

const MOST_CALLERS = 10_000;

/** How many runs one commit creates. */
const MANY = 1_000;

/** Starts runs, or attaches to those that exist. */
export class Starter {
  private readonly context: ProcessContext;
  private readonly committer: Committer;
  private readonly runs: RunsInMemory;
  private readonly followers: Followers;
  private readonly leases: Leases;
  private readonly slots: Slots;
  readonly seed: (run: string) => string;
  /** The instances and closures that have called workflows which need an id, by the default id. */
  private readonly callers = new Map<string, WeakRef<object>>();

  /** @param seed - the secret from which a run's random values are drawn. Default: a random one */
  constructor(
    context: ProcessContext,
    committer: Committer,
    runs: RunsInMemory,
    followers: Followers,
    leases: Leases,
    slots: Slots,
    seed: (run: string) => string = () => randomUUID(),
  ) {
    this.context = context;
    this.committer = committer;
    this.runs = runs;
    this.followers = followers;
    this.leases = leases;
    this.slots = slots;
    this.seed = seed;
  }

  /** A workflow called outside of any run: the same call is the same run. */
  async call(
    definition: WorkflowDefinition,
    args: readonly unknown[],
    body: Body,
    caller: object | undefined,
  ): Promise<unknown> {
    const request = { definition, args, id: undefined, body, caller, ifFailed: "retry" } as const;
    const id = await this.begin(request);
    return this.followers.result(id, request);
  }

  /**
   * Records the run and begins it here. Resolves with its id.
   * @throws PerdureError `RUN_INPUT_DIFFERS`, `RUN_WORKFLOW_DIFFERS`, `RUN_ID_*`, `VALUE_NOT_STORABLE`
   */
  async begin(request: RunRequest): Promise<string> {
    const { settings, owner } = this.context;
    const newRun = await this.prepare(request);
    const { id, inputHash, gather, throttle } = newRun;
    const leaseEndsAt = this.leases.endsAt();
    const withLease = (): NewRun => ({ ...newRun, lease: { owner, ms: settings.lease } });
    const { created, run } = await this.runs.claiming(id, request, () => this.committer.create(withLease));
    if (created && run.status === "running") this.runs.execute(run, request, leaseEndsAt);
    if (created || run.id !== id) this.followers.resume(run.id, request);
    else await this.attach(run, request, gather || throttle ? run.inputHash : inputHash);
    return run.id;
  }

  /**
   * Records many runs, a thousand with one commit, and begins none here: workers do, and whoever awaits a result. A run that has the id already is attached
   * to. Resolves with their ids.
   * @throws as `begin`
   */
  async beginLater(requests: readonly RunRequest[]): Promise<string[]> {
    const ids: string[] = [];
    for (let from = 0; from < requests.length; from += MANY) {
      const some = requests.slice(from, from + MANY);
      const store = await this.context.ready();
      const newRuns: NewRun[] = [];
      for (const request of some) newRuns.push(await this.prepare(request));
      const created = await store.createRuns(newRuns);
      for (const [place, { created: isNew, run }] of created.entries()) {
        const [request, newRun] = [some[place], newRuns[place]];
        const joins = newRun?.gather ?? newRun?.throttle;
        if (!isNew && request && newRun && !joins) this.assertSame(run, request, newRun.inputHash);
        ids.push(run.id);
      }
      this.slots.freed();
      await new Promise((resolve) => nextTurn(resolve)); // others get their turn
    }
    return ids;
  }

  /** The run that the request asks for, without a lease. */
  private async prepare(request: RunRequest): Promise<NewRun> {
    const { definition, args, parent, tags = [], conditions = {} } = request;
    const { clock, values, settings } = this.context;
    const { name } = definition.info;
    const { inContext = direct } = request;
    const { input: schema } = definition.options ?? {};
    // of a batch, only the whole list can be parsed
    if (schema && conditions.gather?.type !== "batch") inContext(() => parseWith(schema, args, `the input of ${name}`));
    const input = values.encode([...args], `${name} was called with`);
    const inputHash = fullFingerprint(args, input);
    const given = this.givenId(request);
    const id = given ?? (await this.defaultId(definition, inputHash));
    if (given === undefined && definition.info.needsId && request.caller)
      this.assertCaller(id, definition, request.caller);
    const trace = this.traceOf({ run: id, workflow: name }, inContext);
    const now = clock.now();
    await this.context.ready();
    const startConditions = conditionsOf(this.slots, request, now);
    const waitsFor = startConditions && (await startConditions);
    const code = codeOf(definition);
    const codeHistory = newHistory(settings.renames);
    return {
      id,
      workflow: name,
      file: definition.module.file,
      input,
      inputHash,
      code: code.fingerprint,
      modules: code.text,
      seed: this.seed(id),
      ...(parent !== undefined && { parent }),
      ...(tags.length > 0 && { tags }),
      ...(trace !== undefined && { trace }),
      ...(codeHistory !== undefined && { codeHistory }),
      ...waitsFor,
    };
  }

  /** The id that the start or the workflow gives. A start that may join another run has one of its own: it is no other run with the same arguments. */
  private givenId({ definition, args, id, conditions }: RunRequest): string | undefined {
    const { name } = definition.info;
    if (id !== undefined) return checkId(id, name);
    if (conditions?.gather) return `${name}-${randomUUID()}`;
    return runIdOf(definition, args) ?? (conditions?.throttle ? `${name}-${randomUUID()}` : undefined);
  }

  /** What the instrumentation wants to know later of the code that starts the run. */
  traceOf(run: { readonly run: string; readonly workflow: string }, inContext = direct): string | undefined {
    const { onStart } = this.context.settings.instrumentation;
    try {
      return onStart && inContext(() => onStart(run));
    } catch (error) {
      this.context.log.error(`the instrumentation threw: ${headlineOf(error)}`, { run: run.run });
      return undefined;
    }
  }

  /** The default id does not tell two instances, or two closures, from another: the second caller would get the result of the first. */
  private assertCaller(id: string, definition: WorkflowDefinition, caller: object): void {
    const known = this.callers.get(id)?.deref();
    if (known && known !== caller)
      throw new PerdureError("RUN_ID_NEEDED", {
        run: id,
        workflow: definition.info.name,
        location: locationOf(definition),
      });
    this.callers.set(id, new WeakRef(caller));
    const [oldest] = this.callers.keys();
    if (this.callers.size > MOST_CALLERS && oldest !== undefined) this.callers.delete(oldest);
  }

  /** Made of the workflow's name, or of an earlier name of it if a run has that id. */
  private async defaultId(definition: WorkflowDefinition, inputHash: string): Promise<string> {
    const { renames } = this.context.settings;
    const [id = "", ...earlier] = renames
      .namesBefore([definition.info.name])
      .map((name) => defaultRunId(name, inputHash));
    if (earlier.length === 0) return id;
    const store = await this.context.ready();
    for (const each of [id, ...earlier]) {
      const run = await store.getRun(each);
      if (run && isRunOf(placeOf(run), definition, renames)) return each;
    }
    return id;
  }

  /**
   * Makes a failed run pending again. Undefined: the run does not exist; false: it has not failed.
   * @param force - even if it has compensated
   * @throws PerdureError `RUN_COMPENSATED`
   */
  async retry({ id, workflow, compensated, output }: RunRow, force = false): Promise<boolean | undefined> {
    const { values } = this.context;
    if (compensated && !force) {
      const failure = guarded(() => values.decode(output ?? ""), undefined);
      throw new PerdureError(
        "RUN_COMPENSATED",
        { run: id, workflow, failure: headlineOf(failure) },
        { cause: failure },
      );
    }
    return (await this.context.ready()).retry({ run: id, force });
  }

  /** Makes an ended run pending again, from the top. Undefined: the run does not exist; false: it has not ended. */
  async restart(run: string): Promise<boolean | undefined> {
    const store = await this.context.ready();
    return store.restart({ run, seed: this.seed(run) });
  }

  /** A run with the id exists: it has to be the same run. A failed one is tried again, or restarted, if the request says so. */
  private async attach(run: RunRow, request: RunRequest, inputHash: string): Promise<void> {
    this.assertSame(run, request, inputHash);
    if (run.status === "failed") {
      const { ifFailed = "attach" } = request;
      if (ifFailed === "attach") return;
      await (ifFailed === "restart" ? this.restart(run.id) : this.retry(run));
    }
    if (run.status !== "completed" && run.status !== "cancelled") this.followers.resume(run.id, request);
  }

  private assertSame(run: RunRow, { definition }: RunRequest, inputHash: string): void {
    const { name } = definition.info;
    if (!isRunOf(placeOf(run), definition, this.context.settings.renames))
      throw new PerdureError("RUN_WORKFLOW_DIFFERS", { run: run.id, workflow: name, recorded: run.workflow });
    if (run.inputHash !== inputHash) throw new PerdureError("RUN_INPUT_DIFFERS", { run: run.id, workflow: name });
  }
}
