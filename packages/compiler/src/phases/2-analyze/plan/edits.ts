import type { ChanceSource, ModuleInfo } from "@perdure/protocol";
import type {
  CallExpression,
  Node,
  ObjectExpression,
  ObjectProperty,
  TaggedTemplateExpression,
  YieldExpression,
} from "oxc-parser";
import type { ClassNode, FunctionNode, Loop } from "../../../syntax/ast.ts";

/** A key that is known here, or the variable in which the value of a computed one is kept. */
export type PlannedKey = string | { readonly slot: number };

/** A function's entry in `ModuleInfo.functions`, and its `length`, as `define` takes them. */
export interface Entry {
  readonly index: number;
  readonly length: number;
}

export interface NamedEntry extends Entry {
  readonly name: string;
}

export interface MethodEntry {
  readonly index: number;
  /** `undefined`: it is defined where it stands. */
  readonly length: number | undefined;
  readonly key: PlannedKey;
}

interface ClassEntries {
  readonly statics: readonly MethodEntry[];
  readonly members: readonly MethodEntry[];
}

/** The body of a function, which goes into an inner one. */
interface Body {
  readonly node: FunctionNode;
  readonly index: number;
  /** The name of the inner function, that stacks show. */
  readonly label: string | undefined;
}

/** One change to the source. Indexes point into `ModuleInfo`. */
export type Edit =
  | { readonly kind: "directive"; readonly statement: Node }
  | (Body & {
      readonly kind: "run";
      readonly as: "task" | "workflow";
      /** What takes the parameters: an arrow, or what has an `arguments` or a `super` of its own. */
      readonly inner: "arrow" | "function" | "method";
      /** The outer function keeps parameters for its decorators and their types. */
      readonly keepsParameters: boolean;
    })
  /** Without an index it is no scope of its own, and only keeps its context from its caller. */
  | (Omit<Body, "index"> & {
      readonly kind: "scope";
      readonly index: number | undefined;
      readonly redeclared: readonly string[];
      /** Its parameters belong to the scope: there are durable calls in them. */
      readonly parameters: boolean;
    })
  | (Body & {
      readonly kind: "generator";
      readonly redeclared: readonly string[];
      readonly yields: readonly YieldExpression[];
      readonly usesSuper: boolean;
    })
  /** `leftInside`: what the loop assigns to has durable calls in it, which belong to the iteration. */
  | {
      readonly kind: "loop";
      readonly node: Loop;
      readonly start: number;
      readonly index: number;
      readonly leftInside: boolean;
    }
  /** A block of clean-up: a `catch`, a `finally`, the body of a method that disposes. */
  | { readonly kind: "cleanUp"; readonly node: Node; readonly index: number }
  /** A block that declares resources, whose disposal is clean-up. */
  | { readonly kind: "using"; readonly node: Node; readonly index: number; readonly declarations: readonly Node[] }
  /** A callback that is clean-up. */
  | { readonly kind: "cleaning"; readonly node: Node }
  | { readonly kind: "site"; readonly node: CallExpression | TaggedTemplateExpression; readonly index: number }
  /** `call`: the node gives the value itself, else it is a function that gives it. */
  | { readonly kind: "chance"; readonly node: Node; readonly source: ChanceSource; readonly call: boolean }
  | { readonly kind: "name"; readonly node: FunctionNode }
  | {
      readonly kind: "expression";
      readonly node: FunctionNode;
      readonly entry: Entry;
      readonly named: PlannedKey | undefined;
    }
  | { readonly kind: "method"; readonly node: ObjectProperty; readonly key: string; readonly entry: Entry }
  | { readonly kind: "object"; readonly node: ObjectExpression; readonly entries: readonly MethodEntry[] }
  | { readonly kind: "class"; readonly node: ClassNode; readonly entries: ClassEntries }
  | { readonly kind: "block"; readonly node: Node; readonly entries: readonly NamedEntry[] }
  | { readonly kind: "key"; readonly node: Node; readonly slot: number }
  /** The variables that keep the values of computed keys: in a block, the body of an arrow, or a function around an object or class, which is called `named`. */
  | {
      readonly kind: "slots";
      readonly node: Node;
      readonly slots: readonly number[];
      readonly named: PlannedKey | undefined;
    };

/** All that the rewriter needs; it decides nothing. */
export interface Plan {
  readonly info: ModuleInfo;
  readonly edits: readonly Edit[];
  readonly prelude: {
    /** Offset of the first statement that is not a directive. */
    readonly at: number;
    readonly commonJs: boolean;
    readonly entries: readonly NamedEntry[];
    readonly slots: readonly number[];
  };
  /** What emitted names begin with; the source holds no such name. */
  readonly prefix: string;
}
