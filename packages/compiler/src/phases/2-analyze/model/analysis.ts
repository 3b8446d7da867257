import type { ChanceSource } from "@perdure/protocol";

/** What a call is for the rewriter. */
export type Target =
  | { readonly kind: "plain" }
  | { readonly kind: "possible" }
  /** `certain`: it returns a promise for sure. */
  | { readonly kind: "durable"; readonly name: string; readonly certain: boolean };

/** Something that a workflow does itself, or through functions that it calls, and that no replay repeats. */
export interface Impurity {
  readonly kind: "io" | "timer" | "environment" | "clock" | "state";
  /** `fetch`, `process.env`, the name of a variable. */
  readonly name: string;
  readonly workflow: string;
  /** The functions between, each with its place: `total (src/price.ts:4:10)`. */
  readonly through: readonly string[];
  /** Offsets in the module that is analyzed: of the use, or of the call that leads out of the module. */
  readonly start: number;
  readonly end: number;
}

/** What the project says about one module; the arrays go by the indexes of its model. */
export interface Analysis {
  /** Functions that are tasks, workflows or scopes. */
  readonly durable: readonly boolean[];
  readonly targets: readonly Target[];
  /** What each of the module's reads gives, if that is clock or chance. */
  readonly chance: readonly (ChanceSource | undefined)[];
  readonly impurities: readonly Impurity[];
  /** There is something to rewrite. */
  readonly touched: boolean;
  /** Paths of the rewritten modules that this one imports, itself or through modules that stay as they are. */
  readonly imports: readonly string[];
  /** Fingerprint of the project modules that stay as they are and that this one imports, itself or through others of them; "" when there are none. */
  readonly plain: string;
}
