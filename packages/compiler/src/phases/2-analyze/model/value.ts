/**
 * What an expression stands for, as far as it can be told without running it. Indexes point into the summary of
 * the module that the value belongs to. `known` is something that is certainly not durable.
 */
export type Value =
  | { readonly kind: "function"; readonly index: number }
  | { readonly kind: "class"; readonly index: number }
  | { readonly kind: "object"; readonly index: number }
  | { readonly kind: "binding"; readonly index: number }
  | { readonly kind: "import"; readonly from: string; readonly name: string }
  | { readonly kind: "instance"; readonly of: Value }
  /** Something annotated with a type: an instance when the type is a class that can be found. */
  | { readonly kind: "typed"; readonly as: Value }
  | { readonly kind: "member"; readonly object: Value; readonly name: string }
  /** A member whose name is computed. */
  | { readonly kind: "element"; readonly object: Value }
  | { readonly kind: "super"; readonly of: Value }
  /** CommonJS's `exports` of this module. */
  | { readonly kind: "exports" }
  | { readonly kind: "result"; readonly callee: Value; readonly first: Value }
  | { readonly kind: "choice"; readonly values: readonly Value[] }
  /** A name that nothing in the module declares. */
  | { readonly kind: "global"; readonly name: string }
  | { readonly kind: "known" }
  | { readonly kind: "unknown" };

export const KNOWN: Value = { kind: "known" };
export const UNKNOWN: Value = { kind: "unknown" };
