import type { ChanceSource } from "@perdure/protocol";
import type { DirectiveKind } from "../../../directives/directive.ts";
import type { Node, ObjectExpression, YieldExpression } from "oxc-parser";
import type { ClassNode, FunctionNode, Loop } from "../../../syntax/ast.ts";
import type { FoundDirective } from "../../1-parse/directives.ts";

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

export interface CallSummary {
  readonly callee: Value;
  /** Offsets of the call. */
  readonly start: number;
  readonly end: number;
  /** The callee is `….property`. */
  readonly property: string | undefined;
  /** The function that directly holds the call; `undefined` at the top of a module, in a class field, in a static block. */
  readonly owner: number | undefined;
  /** It is no call: the function is passed to this one, which may call it, or (`known`) only stands in a literal or is returned. */
  readonly passedTo?: Value;
}

/** The function is named, and not called from here. */
export const isMention = ({ passedTo }: CallSummary): boolean => passedTo?.kind === "known";

export interface FunctionSummary {
  readonly index: number;
  /** The name in `ModuleInfo`. */
  readonly name: string;
  readonly kind: DirectiveKind | undefined;
  /** The function around it. */
  readonly parent: number | undefined;
  /** Offset of its name, or of the function. */
  readonly at: number;
  readonly async: boolean;
  /** It stands in the body of a task and is plain code there. */
  readonly plain: boolean;
  /** The name it has as a method or property. */
  readonly method: string | undefined;
}

/** Members by name. */
export type Members = ReadonlyMap<string, Value>;

/** Not names: what is spread into an object, and that there are members with names which are not known. */
export const SPREAD = "...";
export const COMPUTED = "[]";

export interface ClassSummary {
  readonly parent: Value | undefined;
  readonly statics: Members;
  readonly members: Members;
}

/** A place that reads something from outside of the program: by a call, by `new` without arguments or with some, or as a value that is handed on. */
export interface ReadSummary {
  readonly value: Value;
  readonly form: "call" | "new" | "new()" | "value";
  readonly start: number;
  readonly end: number;
  readonly owner: number | undefined;
  /** It belongs to the body of a task. */
  readonly inTask: boolean;
  /** It is evaluated with the module, once. */
  readonly atTop: boolean;
}

/** A use of a variable of the module that its functions change. */
export interface StateUse {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly owner: number | undefined;
}

/** The part of a module that other modules need to know. Holds no syntax tree. */
export interface ModuleSummary {
  readonly functions: readonly FunctionSummary[];
  readonly calls: readonly CallSummary[];
  readonly classes: readonly ClassSummary[];
  /** Object literals, and TypeScript's namespaces. */
  readonly objects: readonly Members[];
  readonly bindings: readonly Value[];
  readonly exports: ReadonlyMap<string, Value>;
  /** Sources of `export * from`. */
  readonly stars: readonly string[];
  /** Every module that is imported for its values. */
  readonly imports: readonly string[];
  readonly importedValues: readonly Value[];
  readonly hasDirective: boolean;
  readonly reads: readonly ReadSummary[];
  readonly stateUses: readonly StateUse[];
}

export interface LoopModel {
  readonly node: Loop;
  /** Where the outermost label of the loop, or the loop itself, begins. */
  readonly start: number;
  readonly owner: number;
}

export interface CallModel extends CallSummary {
  /** The call, or the expression that is passed on. */
  readonly node: Node;
  /** The loops of the same function that execute the call repeatedly, outermost first. */
  readonly loops: readonly LoopModel[];
  /** The call is a whole statement: nobody gets its result. */
  readonly statement: boolean;
  readonly inTask: boolean;
}

/** A key that is known here (private ones begin with `#`), or one that is computed, and where its value can be kept. */
export type Key = { readonly text: string } | { readonly computed: Node; readonly keep: Keep };

/** A block, arrow, or the program; or the object or class that has the key, with the name that JavaScript gives to it. */
export interface Keep {
  readonly node: Node;
  readonly named: Key | undefined;
}

/** How a function stands in the source. */
export type Place =
  | { readonly kind: "declaration"; readonly block: Node | undefined; readonly defaultExport: boolean }
  /** `named`: the name that JavaScript gives to it, when it has none itself. */
  | { readonly kind: "expression"; readonly named: Key | undefined }
  | { readonly kind: "method"; readonly key: Key; readonly object: ObjectExpression }
  | {
      readonly kind: "classMethod";
      readonly key: Key;
      readonly of: ClassNode;
      readonly isStatic: boolean;
      readonly decorated: boolean;
    }
  | { readonly kind: "unsupported" | "constructor"; readonly what: string; readonly advice: string };

export interface FunctionModel extends FunctionSummary {
  readonly node: FunctionNode;
  /** What a stack calls it; `undefined` for a function without a name. */
  readonly label: string | undefined;
  readonly directive: FoundDirective | undefined;
  readonly place: Place;
  /** Neither an instance nor a closure is needed to reach it. */
  readonly reachable: boolean;
  readonly yields: readonly YieldExpression[];
  /** What of its own it refers to, itself or in arrows. */
  readonly usesThis: boolean;
  readonly usesSuper: boolean;
  readonly usesArguments: boolean;
  /** Parameters that the body declares again with `var`. */
  readonly redeclared: readonly string[];
}

/** An assignment inside a task to a variable outside of it. */
export interface CapturedWrite {
  readonly task: number;
  readonly name: string;
  readonly node: Node;
}

export interface ReadModel extends ReadSummary {
  readonly node: Node;
}

/** What a task does to something that belongs to others. */
export interface InPlaceChange {
  readonly task: number;
  readonly name: string;
  /** An argument of the task, or a variable of the function around it. */
  readonly of: "argument" | "captured";
  readonly node: Node;
}

export interface ModuleModel extends ModuleSummary {
  readonly functions: readonly FunctionModel[];
  readonly calls: readonly CallModel[];
  readonly reads: readonly ReadModel[];
  readonly inPlaceChanges: readonly InPlaceChange[];
  readonly loops: readonly LoopModel[];
  readonly capturedWrites: readonly CapturedWrite[];
  /** The identifiers `require`, `module` or `exports` are used as CommonJS has them. */
  readonly usesCommonJs: boolean;
}

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

/** The model without its syntax tree. */
export function summarize(model: ModuleModel): ModuleSummary {
  const { classes, objects, bindings, exports, stars, imports, importedValues, hasDirective, stateUses } = model;
  return {
    functions: model.functions.map(({ index, name, kind, parent, at, async, plain, method }) => ({
      index,
      name,
      kind,
      parent,
      at,
      async,
      plain,
      method,
    })),
    calls: model.calls.map(({ callee, start, end, property, owner, passedTo }) => ({
      callee,
      start,
      end,
      property,
      owner,
      ...(passedTo && { passedTo }),
    })),
    classes,
    objects,
    bindings,
    exports,
    stars,
    imports,
    importedValues,
    hasDirective,
    reads: model.reads.map(({ value, form, start, end, owner, inTask, atTop }) => ({
      value,
      form,
      start,
      end,
      owner,
      inTask,
      atTop,
    })),
    stateUses,
  };
}
