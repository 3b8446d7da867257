import type { Node, YieldExpression } from "oxc-parser";
import type { ClassNode, FunctionNode, Loop } from "../../../syntax/ast.ts";
import type { FoundDirective } from "../../1-parse/directives.ts";
import type { Place } from "./place.ts";
import type { CallSummary, DerivedSummary, FunctionSummary, ModuleSummary, ReadSummary } from "./summary.ts";

export interface LoopModel {
  readonly node: Loop;
  /** Offset of the loop, or of its outermost label. */
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
  /** The call, or the expression that is passed as a value. */
  readonly node: Node;
  /** What is called, or passed as a value. */
  readonly target: Node;
  /** The loops of the same function that repeat the call, outermost first. */
  readonly loops: readonly LoopModel[];
  /** Whether the call is a whole statement, so that its result is unused. */
  readonly statement: boolean;
  readonly inTask: boolean;
}

export interface FunctionModel extends FunctionSummary {
  readonly node: FunctionNode;
  /** The name in stack traces. `undefined` for a function without a name. */
  readonly label: string | undefined;
  readonly directive: FoundDirective | undefined;
  readonly place: Place;
  /** Whether it can be reached without an instance or a closure. */
  readonly reachable: boolean;
  /** Whether one evaluation of the module may make several function objects of it. */
  readonly repeated: boolean;
  readonly yields: readonly YieldExpression[];
  /** Whether it uses its own `this`, `super` or `arguments`, directly or in an arrow function. */
  readonly usesThis: boolean;
  readonly usesSuper: boolean;
  readonly usesArguments: boolean;
  /** Parameters that the body redeclares with `var`. */
  readonly redeclared: readonly string[];
}

/** An assignment in a task to a variable declared outside of it. */
export interface CapturedWrite {
  readonly task: number;
  readonly name: string;
  /** The function that declares the variable. `undefined` for a variable of the module. */
  readonly variableOf: number | undefined;
  readonly form: "fill" | "count" | "set";
  readonly node: Node;
}

export interface ReadModel extends ReadSummary {
  readonly node: Node;
}

/** An object that a task changes in place although others refer to it too. */
export interface InPlaceChange {
  readonly task: number;
  readonly name: string;
  /** The object is an argument of the task, or a variable of the enclosing function. */
  readonly of: "argument" | "captured";
  readonly node: Node;
}

export interface DerivedClass extends DerivedSummary {
  readonly node: ClassNode;
  /** The variable of the module that holds it. */
  readonly variable: string | undefined;
}

export interface ModuleModel extends ModuleSummary {
  readonly functions: readonly FunctionModel[];
  readonly calls: readonly CallModel[];
  readonly reads: readonly ReadModel[];
  readonly inPlaceChanges: readonly InPlaceChange[];
  readonly loops: readonly LoopModel[];
  readonly cleanUps: readonly CleanUpModel[];
  readonly capturedWrites: readonly CapturedWrite[];
  /** Indexes of the workflows that use variables, or the `this`, of a function around them. */
  readonly closures: ReadonlySet<number>;
  readonly derived: readonly DerivedClass[];
  /** Whether the identifiers `require`, `module` or `exports` are used with their CommonJS meaning. */
  readonly usesCommonJs: boolean;
}

/** The part of the model without syntax trees. */
export function summarize(model: ModuleModel): ModuleSummary {
  const { classes, objects, bindings, exports, stars, imports, importedValues, hasDirective, hasCleanUp } = model;
  const { stateUses, testedClasses } = model;
  return {
    functions: model.functions.map(({ index, name, kind, parent, at, async, generator, plain, method }) => ({
      index,
      name,
      kind,
      parent,
      at,
      async,
      generator,
      plain,
      method,
    })),
    calls: model.calls.map(({ callee, start, end, property, settings, owner, passedTo }) => ({
      callee,
      start,
      end,
      property,
      ...(settings && { settings }),
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
    derived: model.derived.map(({ index, name, isLocal }) => ({ index, name, isLocal })),
    testedClasses,
  };
}
