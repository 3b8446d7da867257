import type { Claim, Claimed, ClaimNext, Executable, NextRuns } from "./claims.ts";
import type { RunRow } from "./runs.ts";

/** What tells whether a request is about a run that needs an owner. */
export interface Candidate extends Pick<RunRow, "id" | "workflow" | "file" | "status" | "stalls" | "epoch"> {
  readonly owner: string | undefined;
  readonly queue: string | undefined;
  /** The code under which it is blocked. */
  readonly blockedUnder: string | undefined;
}

export const candidateOf = ({ queue, blocked, owner, ...row }: RunRow): Candidate => ({
  ...row,
  owner,
  queue: queue?.queue,
  blockedUnder: blocked?.code,
});

/**
 * `claimNext` of a store that does one thing after the other.
 * @param read - runs that need an owner, the oldest first; at most so many
 * @param claim - claims one of them
 */
export function claimInTurn(
  request: ClaimNext,
  read: (except: readonly string[], most: number) => readonly Candidate[],
  claim: (claim: Claim) => Claimed | undefined,
): NextRuns {
  const { lease, limit, dead = [], count = 0 } = request;
  const tried = new Set(request.except);
  const isWanted = isAbout(request);
  let { stalled = false } = request;
  const next = (wanted: number): Candidate[] => {
    for (let most = Math.max(100, 2 * wanted); ; most *= 4) {
      const rows = read([...tried], most);
      const found = rows.filter(isWanted);
      const others = found.filter((row) => !isStalled(row));
      if (others.length < wanted && rows.length === most) continue;
      return [...others, ...(stalled ? found.filter(isStalled).slice(0, 1) : [])].slice(0, wanted);
    }
  };
  const claimed: Claimed[] = [];
  while (claimed.length < limit) {
    const rows = next(limit - claimed.length);
    for (const row of rows) {
      const { id, owner, epoch } = row;
      tried.add(id);
      if (isStalled(row)) stalled = false;
      const from = owner !== undefined && dead.includes(owner) ? { from: { owner, epoch } } : {};
      const answer = claim({ run: id, lease, ...from });
      if (answer) claimed.push(answer);
    }
    if (rows.length === 0) return { claimed, left: 0 };
  }
  return { claimed, left: count > 0 ? next(count).length : 0 };
}

function isAbout({ executables, queues }: ClaimNext): (run: Candidate) => boolean {
  const byWorkflow = new Map<string, Executable[]>();
  for (const each of executables) byWorkflow.set(each.workflow, [...(byWorkflow.get(each.workflow) ?? []), each]);
  return ({ workflow, file, queue, blockedUnder }) =>
    (!queues || queues.includes(queue ?? "")) &&
    (byWorkflow.get(workflow) ?? []).some(
      (each) =>
        (each.file ?? file) === file &&
        !each.notFiles?.includes(file) &&
        (blockedUnder === undefined || each.notBlockedUnder !== blockedUnder),
    );
}

/** Its owner has ended, and the one before that, without a checkpoint in between. */
const isStalled = ({ status, stalls }: Candidate): boolean => status === "running" && stalls > 0;
