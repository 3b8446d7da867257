import type { DirectiveKind } from "../../../directives/directive.ts";
import type { Value } from "./value.ts";

export interface CallSummary {
  readonly callee: Value;
  /** Offsets of the call. */
  readonly start: number;
  readonly end: number;
  /** The property name if the callee is a member access. */
  readonly property: string | undefined;
  /** The first argument, if it is an object or a variable. */
  readonly settings?: Value | undefined;
  /** The function that directly contains the call. `undefined` at the top level of the module, in a class field and in a static block. */
  readonly owner: number | undefined;
  /**
   * Present if this is not a call: the function is passed to `passedTo`, which may call it. `known` means that it is only put into a
   * literal or returned.
   */
  readonly passedTo?: Value;
}

/** The function is referred to, but not called from here. */
export const isMention = ({ passedTo }: CallSummary): boolean => passedTo?.kind === "known";

export interface FunctionSummary {
  readonly index: number;
  /** The name in `ModuleInfo`. */
  readonly name: string;
  readonly kind: DirectiveKind | undefined;
  /** The enclosing function. */
  readonly parent: number | undefined;
  /** Offset of the name, or of the function if it has none. */
  readonly at: number;
  readonly async: boolean;
  readonly generator: boolean;
  /** Whether it is in the body of a task, where code runs without recording. */
  readonly plain: boolean;
  /** The name of the method or property whose value it is. */
  readonly method: string | undefined;
}

/** Members by name. */
export type Members = ReadonlyMap<string, Value>;

/** Pseudo-names. `SPREAD` holds the value spread into the object. `COMPUTED` marks that there are members with unknown names. */
export const SPREAD = "...";
export const COMPUTED = "[]";

export interface ClassSummary {
  readonly parent: Value | undefined;
  readonly statics: Members;
  readonly members: Members;
}

/** A read from outside of the program: by a call, by `new` with or without arguments, or as a value that is passed on. */
export interface ReadSummary {
  readonly value: Value;
  readonly form: "call" | "new" | "new()" | "value";
  readonly start: number;
  readonly end: number;
  readonly owner: number | undefined;
  /** Whether it is in the body of a task. */
  readonly inTask: boolean;
  /** Whether it is evaluated once, with the module. */
  readonly atTop: boolean;
}

/** A class with `extends`. */
export interface DerivedSummary {
  /** Its index in `classes`. */
  readonly index: number;
  /** Its name in the module. Classes of one name are numbered: `Declined`, `Declined~1`. */
  readonly name: string;
  /** Whether it is declared in a function, so that it can be evaluated more than once. */
  readonly isLocal: boolean;
}

/** `C` in `x instanceof C`: a variable of the module, or a member of one. */
export interface TestedClass {
  readonly value: Value;
  /** Its text: `AxiosError`, `axios.AxiosError`. */
  readonly expression: string;
}

/** A use of a module variable that the module's functions change. */
export interface StateUse {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly owner: number | undefined;
}

/** The part of a module that other modules need. Contains no syntax tree. */
export interface ModuleSummary {
  readonly functions: readonly FunctionSummary[];
  readonly calls: readonly CallSummary[];
  readonly classes: readonly ClassSummary[];
  /** Object literals and TypeScript namespaces. */
  readonly objects: readonly Members[];
  readonly bindings: readonly Value[];
  readonly exports: ReadonlyMap<string, Value>;
  /** Sources of `export * from`. */
  readonly stars: readonly string[];
  /** Every module from which values are imported. */
  readonly imports: readonly string[];
  readonly importedValues: readonly Value[];
  readonly hasDirective: boolean;
  /** It has clean-up that may lead to durable calls of others. */
  readonly hasCleanUp: boolean;
  readonly reads: readonly ReadSummary[];
  readonly stateUses: readonly StateUse[];
  readonly derived: readonly DerivedSummary[];
  readonly testedClasses: readonly TestedClass[];
}
