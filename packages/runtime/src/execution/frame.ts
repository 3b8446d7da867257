/** One activation of a function, to tell whether it continued after a step failed. */
export interface Frame {
  readonly parent: Frame | undefined;
  /** Number of completions that had been delivered when it last began a step or entered a function. */
  activeAt: number;
}
