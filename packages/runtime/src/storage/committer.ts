import type { Awaitable, Claim, Claimed, CreatedRun, NewRun, Store, Write } from "@perdure/store";
import { timed, type Instrumentation } from "../config/instrumentation.ts";
import { randomUUID } from "../crypto.ts";
import type { Availability } from "./availability.ts";
import { Batches, type Done } from "./batches.ts";

/** Commits that a process waits for at the same time. More would be smaller ones. */
const MOST_COMMITS = 4;

interface CommitterOptions {
  readonly availability: Availability;
  /** Milliseconds of a clock that only runs forward. */
  readonly monotonic: () => number;
  readonly onCommit?: Instrumentation["onCommit"];
}

/**
 * Writes what one event-loop turn brings, in all runs, with one transaction of the store; creates its new runs, and claims runs, with one more each. A commit
 * that the store does not answer is sent again until it is, and done once (S21).
 */
export class Committer {
  private readonly writes: Batches<Write, boolean>;
  private readonly runs: Batches<() => NewRun, CreatedRun>;
  private readonly claims: Batches<Claim, Claimed | undefined>;

  constructor(store: Store, { availability, monotonic, onCommit }: CommitterOptions) {
    const name = randomUUID();
    let count = 0;
    const commit = (writes: Write[]): Awaitable<boolean[]> => {
      const batch = `${name}-${++count}`;
      return availability.untilAnswered(() => store.commit(writes, batch));
    };
    const measured = onCommit && ((writes: Write[]) => timed(onCommit, writes.length, () => commit(writes)));
    this.writes = new Batches(measured ?? commit, { keyOf: ({ run }) => run, atMost: MOST_COMMITS, monotonic });
    this.claims = new Batches((claims) => store.claimRuns(claims));
    this.runs = new Batches((made) =>
      createAll(
        store,
        made.map((make) => make()),
      ),
    );
  }

  /** Undefined: it may not be claimed. */
  claim(claim: Claim): Promise<Claimed | undefined> {
    return new Promise((resolve, reject) =>
      this.claims.add(claim, (claimed, error) => (error === undefined ? resolve(claimed) : reject(error))),
    );
  }

  /** @param done - gets false where the epoch is stale */
  add(write: Write, done: Done<boolean>): void {
    this.writes.add(write, done);
  }

  /** The runs with a write that has had no answer since that time of the monotonic clock. */
  unansweredSince(time: number): ReadonlySet<string> {
    return this.writes.unansweredSince(time);
  }

  /** @param make - called for each call of the store: a lease begins with the call */
  create(make: () => NewRun): Awaitable<CreatedRun> {
    return new Promise((resolve, reject) =>
      this.runs.add(make, (created, error) => (created ? resolve(created) : reject(error))),
    );
  }

  get isEmpty(): boolean {
    return this.writes.isEmpty && this.claims.isEmpty && this.runs.isEmpty;
  }

  /** Resolves when every write that was added is answered. */
  async flush(): Promise<void> {
    await Promise.all([this.runs.flush(), this.claims.flush(), this.writes.flush()]);
  }
}

function createAll(store: Store, runs: readonly NewRun[]): Awaitable<readonly CreatedRun[]> {
  const [run] = runs;
  if (!run || runs.length > 1) return store.createRuns(runs);
  const created = store.createRun(run);
  return created instanceof Promise ? created.then((each) => [each]) : [created];
}
