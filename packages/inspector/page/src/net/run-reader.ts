import type { RunPage, StepItem, StepList } from "../../../src/api.ts";
import { isModelStep } from "../model/agent.ts";
import { hasEnded } from "../model/permitted.ts";
import { StepTree } from "../model/tree.ts";
import { isAbort, sentenceOf, type Client } from "./client.ts";

const PAGE = 1000;

/** What is known of a run. */
export interface RunState {
  readonly page: RunPage | undefined;
  readonly tree: StepTree;
  /** Rises with each change of the tree. */
  readonly version: number;
  /** When steps finished, in the order of their ends. */
  readonly ends: readonly number[];
  /** Some steps look like calls of models. */
  readonly hasModelCalls: boolean;
  /** Further steps are on their way. */
  readonly isLoading: boolean;
  readonly problem: string | undefined;
}

/** Reads a run and its steps. After the first time, only what came since is read. */
export class RunReader {
  state: RunState = emptyState();
  private lastSeq = 0;
  private readonly abort = new AbortController();
  private readonly client: Client;
  private readonly id: string;
  private readonly tell: (state: RunState) => void;

  constructor(client: Client, id: string, tell: (state: RunState) => void) {
    this.client = client;
    this.id = id;
    this.tell = tell;
  }

  async refresh(): Promise<void> {
    try {
      const [page, steps] = await Promise.all([this.readPage(), this.readSteps()]);
      const isOther = this.state.page && isNewRecord(this.state.page, page);
      this.change({ page, problem: undefined });
      if (isOther) this.forget();
      await this.take(isOther ? await this.readSteps() : steps);
    } catch (error) {
      if (!isAbort(error)) this.change({ problem: sentenceOf(error), isLoading: false });
    }
  }

  stop(): void {
    this.abort.abort();
  }

  private readPage(): Promise<RunPage> {
    return this.client.get<RunPage>("run", { id: this.id }, this.abort.signal);
  }

  private readSteps(): Promise<StepList> {
    const params = { run: this.id, after: this.lastSeq, limit: PAGE };
    return this.client.get<StepList>("steps", params, this.abort.signal);
  }

  /** Shows a page of steps, and reads those that follow it. */
  private async take(first: StepList): Promise<void> {
    let list = first;
    for (; list.next !== undefined; list = await this.readSteps()) {
      this.add(list.steps);
      this.lastSeq = list.next;
      this.change({ isLoading: true });
    }
    this.add(list.steps);
    this.state.tree.keepOpen(list.steps.filter(({ state }) => state === "open"));
    this.change({ isLoading: false });
  }

  private add(steps: readonly StepItem[]): void {
    this.state.tree.put(steps);
    const finished = steps.filter(({ seq }) => seq !== undefined && seq > this.lastSeq);
    this.lastSeq = Math.max(this.lastSeq, ...finished.map(({ seq = 0 }) => seq));
    const ends = [...this.state.ends, ...finished.map(({ finishedAt, startedAt }) => finishedAt ?? startedAt)];
    const hasModelCalls = this.state.hasModelCalls || steps.some(isModelStep);
    this.state = { ...this.state, ends, hasModelCalls, version: this.state.version + 1 };
  }

  private forget(): void {
    this.lastSeq = 0;
    this.state = { ...this.state, tree: new StepTree(), ends: [], hasModelCalls: false };
  }

  private change(part: Partial<RunState>): void {
    if (this.abort.signal.aborted) return;
    this.state = { ...this.state, ...part };
    this.tell(this.state);
  }
}

export const emptyState = (): RunState => ({
  page: undefined,
  tree: new StepTree(),
  version: 0,
  ends: [],
  hasModelCalls: false,
  isLoading: true,
  problem: undefined,
});

/** Whether steps that were read may be gone: the run was made anew, restarted, continued after its end, or continued with other code. */
function isNewRecord({ run: old }: RunPage, { run }: RunPage): boolean {
  if (old.createdAt !== run.createdAt || old.restarts !== run.restarts) return true;
  if (old.status === "blocked" && run.status !== "blocked") return true;
  return hasEnded(old) && (!hasEnded(run) || old.updatedAt !== run.updatedAt);
}
