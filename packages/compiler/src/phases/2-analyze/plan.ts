import type { ChanceSource, Diagnostic, ModuleInfo } from "@perdure/protocol";
import type { CallExpression, Node, ObjectExpression, ObjectProperty, YieldExpression } from "oxc-parser";
import type { ClassNode, FunctionNode, Loop } from "../../ast.ts";

/** A function and its entry in `ModuleInfo.functions`, as `define` takes them. */
export interface Entry {
  /** The name of a function, the key of a method. */
  readonly key: string;
  readonly index: number;
  /** `fn.length`. */
  readonly length: number;
}

/** One change to the source. Indexes point into `ModuleInfo`. */
export type Edit =
  | { readonly kind: "directive"; readonly statement: Node }
  /** `ordinary`: the body has `arguments` of its own. */
  | { readonly kind: "run"; readonly as: "task" | "workflow"; readonly node: FunctionNode; readonly index: number; readonly ordinary: boolean }
  | { readonly kind: "scope"; readonly node: FunctionNode; readonly index: number; readonly redeclared: readonly string[] }
  | {
      readonly kind: "generator";
      readonly node: FunctionNode;
      readonly index: number;
      readonly redeclared: readonly string[];
      readonly yields: readonly YieldExpression[];
    }
  | { readonly kind: "loop"; readonly node: Loop; readonly start: number; readonly index: number }
  | { readonly kind: "site"; readonly node: CallExpression; readonly index: number }
  /** `call`: the node gives the value itself, else it is a function that gives it. */
  | { readonly kind: "chance"; readonly node: Node; readonly source: ChanceSource; readonly call: boolean }
  | { readonly kind: "name"; readonly node: FunctionNode }
  | { readonly kind: "expression"; readonly node: FunctionNode; readonly entry: Entry }
  | { readonly kind: "method"; readonly node: ObjectProperty; readonly entry: Entry }
  | { readonly kind: "object"; readonly node: ObjectExpression; readonly entries: readonly Entry[] }
  | { readonly kind: "class"; readonly node: ClassNode; readonly entries: readonly (Entry & { readonly isStatic: boolean })[] }
  | { readonly kind: "block"; readonly node: Node; readonly entries: readonly Entry[] };

/** All that the rewriter needs; it decides nothing. */
export interface Plan {
  readonly info: ModuleInfo;
  readonly edits: readonly Edit[];
  readonly prelude: {
    /** Offset of the first statement that is not a directive. */
    readonly at: number;
    readonly commonJs: boolean;
    readonly entries: readonly Entry[];
  };
  /** What emitted names begin with; the source holds no such name. */
  readonly prefix: string;
}

export interface AnalysisResult {
  /** `undefined` when there is nothing to do. */
  readonly plan: Plan | undefined;
  readonly diagnostics: readonly Diagnostic[];
}
