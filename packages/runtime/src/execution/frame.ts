/**
 * One activation of a function, to answer two questions about errors: was it active when the run was cancelled, and did it
 * continue after a step failed.
 */
export interface Frame {
  readonly parent: Frame | undefined;
  /** Number of completions that had been delivered when the function was entered. */
  readonly enteredAt: number;
  /** The same when it last began a step or entered a function. */
  activeAt: number;
  /** The function, or a function that it called, has got its CancelledError. */
  cancelled: boolean;
}
