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

/** A key known statically, or the number of the variable that keeps the value of a computed key. */
export type PlannedKey = string | { readonly slot: number };

/**
 * What distinguishes the function objects of one function: a variable that is made together with the function or its object, or the name of the
 * function or class. A task or workflow hands it over with each call, so that it finds the options of just that function object.
 */
export type Own = "variable" | { readonly name: string };

/** The index of a function in `ModuleInfo.functions`, and its `length`, as `define` takes them. */
export interface Entry {
  readonly index: number;
  readonly length: number;
  readonly own?: Own | undefined;
}

export interface NamedEntry extends Entry {
  readonly name: string;
}

export interface MethodEntry {
  readonly index: number;
  /** `undefined` if the method is already defined at its own position. */
  readonly length: number | undefined;
  readonly key: PlannedKey;
  readonly own?: Own | undefined;
}

interface ClassEntries {
  readonly statics: readonly MethodEntry[];
  readonly members: readonly MethodEntry[];
}

/** The body of a function, to be moved into an inner function. */
interface Body {
  readonly node: FunctionNode;
  readonly index: number;
  /** The name of the inner function in stack traces. */
  readonly label: string | undefined;
}

/** The function of a call, or with `key` the object whose method is called. Its text can be evaluated again, without any effect. */
export interface HandedOver {
  readonly node: Node;
  readonly key: string | undefined;
}

/** One change to the source. Indexes refer to `ModuleInfo`. */
export type Edit =
  | { readonly kind: "directive"; readonly statement: Node }
  | (Body & {
      readonly kind: "run";
      readonly as: "task" | "workflow";
      readonly own: Own | undefined;
      /** Whether the call hands over `this`: the instance is what distinguishes the runs of a method without an id. */
      readonly instance: boolean;
      /** The kind of the inner function. Only an ordinary function or a method has its own `arguments`, and only a method has `super`. */
      readonly inner: "arrow" | "function" | "method";
      /** Whether the outer function keeps its parameters, for its decorators and their type metadata. */
      readonly keepsParameters: boolean;
    })
  /** Without an index it is no scope of its own, and only keeps its context from its caller. */
  | (Omit<Body, "index"> & {
      readonly kind: "scope";
      readonly index: number | undefined;
      readonly redeclared: readonly string[];
      /** Whether the parameters contain durable calls, and therefore belong to the scope. */
      readonly parameters: boolean;
    })
  | (Body & {
      readonly kind: "generator";
      readonly redeclared: readonly string[];
      readonly yields: readonly YieldExpression[];
      readonly usesSuper: boolean;
    })
  /** `leftInside`: the assignment target of the loop contains durable calls. They belong to the iteration. */
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
  | {
      readonly kind: "site";
      readonly node: CallExpression | TaggedTemplateExpression;
      readonly index: number;
      readonly callee: HandedOver | undefined;
    }
  /** A durable function of another module that is passed on, as an argument. */
  | { readonly kind: "passed"; readonly node: Node; readonly index: number }
  /** `call`: the node itself evaluates to the value. Otherwise it is a function that returns the value. */
  | { readonly kind: "chance"; readonly node: Node; readonly source: ChanceSource; readonly call: boolean }
  /** An error class that no variable of the module holds, to be registered when it is evaluated. */
  | { readonly kind: "errorClass"; readonly node: ClassNode; readonly name: string; readonly isLocal: boolean }
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
  /**
   * Declares the variables for the values of computed keys: in a block, in the body of an arrow function, or in a function that wraps an
   * object or class. `named` is the name of that object or class.
   */
  | {
      readonly kind: "slots";
      readonly node: Node;
      readonly slots: readonly number[];
      readonly named: PlannedKey | undefined;
    };

/** Everything that the rewriter needs. The rewriter makes no decisions. */
export interface Plan {
  readonly info: ModuleInfo;
  readonly edits: readonly Edit[];
  readonly prelude: {
    /** Offset of the first statement that is not a directive. */
    readonly at: number;
    readonly commonJs: boolean;
    readonly entries: readonly NamedEntry[];
    readonly slots: readonly number[];
    /** Error classes in variables of the module. They are read when an error is first stored or read. */
    readonly readClasses: readonly { readonly name: string; readonly expression: string }[];
  };
  /** The prefix of all emitted names. No name in the source begins with it. */
  readonly prefix: string;
}
