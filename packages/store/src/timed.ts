import type { Claim, Lease, NewRun } from "./contract.ts";

/** A request, and the store's time at which it is carried out. */
export type Timed<R> = R & { readonly now: number };

/** A lease from the moment of its call: who owns something, and until when. */
export interface HeldLease {
  readonly owner: string;
  readonly until: number;
}

export const held = ({ owner, ms }: Lease, now: number): HeldLease => ({ owner, until: now + ms });

/** A run that is created now. */
export type TimedRun = Timed<Omit<NewRun, "lease" | "createdAt">> & {
  readonly createdAt: number;
  readonly lease: HeldLease | undefined;
};

export const timedRun = (run: NewRun, now: number): TimedRun => ({
  ...run,
  createdAt: run.createdAt ?? now,
  lease: run.lease && held(run.lease, now),
  now,
});

export type TimedClaim = Timed<Omit<Claim, "lease">> & { readonly lease: HeldLease };

export const timedClaim = (claim: Claim, now: number): TimedClaim => ({ ...claim, lease: held(claim.lease, now), now });
