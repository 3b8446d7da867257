/**
 * What `exponential()` and `linear()` mean without arguments, in a directive and as functions. Durations are in milliseconds. `exponential()` is
 * also the backoff of a task without one.
 */
export const BACKOFF_DEFAULTS = {
  /** `max` holds where no base is given: a base of one's own is limited only by a `max` of one's own. */
  exponential: { base: 2, max: 60_000 },
  linear: { start: 1_000, step: 1_000 },
} as const;
