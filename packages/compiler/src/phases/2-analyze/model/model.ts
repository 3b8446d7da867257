import type { Node, YieldExpression } from "oxc-parser";
import type { FunctionNode, Loop } from "../../../syntax/ast.ts";
import type { FoundDirective } from "../../1-parse/directives.ts";
import type { Place } from "./place.ts";
import type { CallSummary, FunctionSummary, ModuleSummary, ReadSummary } from "./summary.ts";

export interface LoopModel {
  readonly node: Loop;
  /** Where the outermost label of the loop, or the loop itself, begins. */
  readonly start: number;
  readonly owner: number;
}

/** A `catch` or `finally` block, the body of a method that disposes, or a block with a `using` declaration. */
export interface CleanUpModel {
  readonly node: Node;
  /** The `using` declaration, for a block that is not clean-up itself. */
  readonly using: Node | undefined;
  readonly owner: number | undefined;
  readonly inTask: boolean;
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
  readonly cleanUps: readonly CleanUpModel[];
  readonly capturedWrites: readonly CapturedWrite[];
  /** The identifiers `require`, `module` or `exports` are used as CommonJS has them. */
  readonly usesCommonJs: boolean;
}

/** The model without its syntax tree. */
export function summarize(model: ModuleModel): ModuleSummary {
  const { classes, objects, bindings, exports, stars, imports, importedValues, hasDirective, hasCleanUp, stateUses } =
    model;
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
    hasCleanUp,
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
