import type { DirectiveKind } from "../../../directives/directive.ts";
import type { Value } from "./value.ts";

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
  /** It has clean-up that may lead to durable calls of others. */
  readonly hasCleanUp: boolean;
  readonly reads: readonly ReadSummary[];
  readonly stateUses: readonly StateUse[];
}
