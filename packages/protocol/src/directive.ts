/** How long to wait before retry n = 1, 2, …; durations in milliseconds. */
export type BackoffSpec =
  | { readonly kind: "exponential"; readonly base: number; readonly max?: number; readonly jitter?: boolean }
  | { readonly kind: "linear"; readonly start: number; readonly step: number }
  | { readonly kind: "constant"; readonly delay: number };
