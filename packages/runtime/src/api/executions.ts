import { isFinal, type ExecutionRow, type RunRow } from "@perdure/store";
import { ownerText, type OwnerState } from "../process/owner.ts";

/** One life of a run in the memory of a process. */
export interface RunExecution {
  /** From 1. A restart from the top begins with 1 again. */
  readonly number: number;
  readonly startedAt: Date;
  /** Undefined: it goes on, or its process died and nobody knows when. */
  readonly endedAt?: Date;
  /**
   * `released`: the run left memory while it waited, was stopped, or its process closed; or it failed, and was retried since. `died`: its process
   * ended without giving up the run, or did not renew its lease. `ended`: the run ended.
   */
  readonly end: "running" | "released" | "died" | "ended";
  /** Host and process id, such as `web-3:4711`. Not recorded of the first execution, once that has given up the run. */
  readonly owner?: string;
}

/** @param stateOf - whether an owner lives */
export function executionsOf(
  run: RunRow,
  claims: readonly ExecutionRow[],
  { now, stateOf }: { readonly now: number; readonly stateOf: (owner: string) => OwnerState },
): RunExecution[] {
  const begun = beginnings(run, claims);
  return begun.map(({ startedAt, owner }, place) => {
    const next = begun[place + 1]?.claim;
    return {
      number: place + 1,
      startedAt: new Date(startedAt),
      ...(next ? endBefore(next) : lastEnd(run, now, stateOf)),
      ...(owner !== undefined && { owner: ownerText(owner) }),
    };
  });
}

interface Beginning {
  readonly startedAt: number;
  readonly owner: string | undefined;
  /** Undefined: the execution that the run was created with. */
  readonly claim?: ExecutionRow;
}

function beginnings(run: RunRow, claims: readonly ExecutionRow[]): Beginning[] {
  const [first] = claims;
  const before = first ? { owner: first.from, releasedAt: first.releasedAt } : run;
  const hadOwner = before.owner !== undefined || before.releasedAt !== undefined;
  return [
    ...(hadOwner ? [{ startedAt: run.createdAt, owner: before.owner }] : []),
    ...claims.map((claim) => ({ startedAt: claim.claimedAt, owner: claim.owner, claim })),
  ];
}

type End = Pick<RunExecution, "end" | "endedAt">;

/** How the execution before a claim ended. A process that claims its own run had dropped it, since the store failed. */
function endBefore({ owner, from, releasedAt, claimedAt }: ExecutionRow): End {
  if (releasedAt !== undefined) return { end: "released", endedAt: new Date(releasedAt) };
  return from === owner ? { end: "released", endedAt: new Date(claimedAt) } : { end: "died" };
}

function lastEnd(
  { status, owner, leaseUntil, releasedAt }: RunRow,
  now: number,
  stateOf: (owner: string) => OwnerState,
): End {
  if (owner !== undefined) {
    const state = stateOf(owner);
    return { end: state === "dead" || (state === "unknown" && (leaseUntil ?? 0) < now) ? "died" : "running" };
  }
  return {
    end: isFinal(status) ? "ended" : "released",
    ...(releasedAt !== undefined && { endedAt: new Date(releasedAt) }),
  };
}
