/**
 * The meaning of an expression, as far as it is known without running the code. Indexes refer to the summary of the module that contains the
 * value. `known` is a value that is certainly not durable.
 */
export type Value =
  | { readonly kind: "function"; readonly index: number }
  | { readonly kind: "class"; readonly index: number }
  | { readonly kind: "object"; readonly index: number }
  | { readonly kind: "binding"; readonly index: number }
  | { readonly kind: "import"; readonly from: string; readonly name: string }
  /** `first`: the first argument of its constructor. */
  | { readonly kind: "instance"; readonly of: Value; readonly first?: Value | undefined }
  /** A value annotated with a type. It is an instance if the type resolves to a class. */
  | { readonly kind: "typed"; readonly as: Value }
  | { readonly kind: "member"; readonly object: Value; readonly name: string }
  /** A member with a computed name. */
  | { readonly kind: "element"; readonly object: Value }
  | { readonly kind: "super"; readonly of: Value }
  /** The CommonJS `exports` of this module. */
  | { readonly kind: "exports" }
  | { readonly kind: "result"; readonly callee: Value; readonly first: Value }
  | { readonly kind: "choice"; readonly values: readonly Value[] }
  /** A name that the module does not declare. */
  | { readonly kind: "global"; readonly name: string }
  | { readonly kind: "known"; readonly isText?: true }
  | { readonly kind: "unknown" };

export const KNOWN: Value = { kind: "known" };
export const TEXT: Value = { kind: "known", isText: true };
export const UNKNOWN: Value = { kind: "unknown" };
