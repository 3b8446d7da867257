import type { Message } from "@perdure/protocol";

export type Severity = "error" | "warning";

export interface Entry<P, S extends Severity = Severity> {
  readonly severity: S;
  readonly make: (params: P) => Message;
}

export const define = <P, S extends Severity>(severity: S, make: (params: P) => Message): Entry<P, S> => ({
  severity,
  make,
});
