import type { ChanceSource } from "@perdure/protocol";

/** How the rewriter has to treat a call. */
export type Target =
  | { readonly kind: "plain" }
  | { readonly kind: "possible" }
  /** `certain`: it certainly returns a promise. */
  | {
      readonly kind: "durable";
      readonly name: string;
      readonly certain: boolean;
      /** Where it is defined, if the call hands it over to the runtime. */
      readonly from?: DefinedElsewhere | undefined;
    };

/** A function of another module, which may turn out not to be compiled. */
export interface DefinedElsewhere {
  readonly file: string;
  /** Whether it is a task or workflow. Otherwise it is a helper. */
  readonly directed: boolean;
  /** The name of its package, if it is another one than that of the calling module. */
  readonly package?: string | undefined;
  /** How the call certainly refers to it: by a variable or an import that always holds it, by a known object, or only by the name of a method. */
  readonly by: "variable" | "member" | "name";
}

/** A use of something that does not replay, in a workflow or in a function that it calls. */
export interface Impurity {
  readonly kind: "io" | "timer" | "environment" | "clock" | "state" | "model";
  /** For example `fetch`, `process.env`, the name of a variable, or the function of the AI SDK that calls a model. */
  readonly name: string;
  readonly workflow: string;
  /** The functions between the workflow and the use, each with its location: `total (src/price.ts:4:10)`. */
  readonly through: readonly string[];
  /** What is the same for repeated uses, of which one report is enough. */
  readonly group: string;
  /** Offsets in the analyzed module, of the use or of the call that leaves the module. */
  readonly start: number;
  readonly end: number;
}

/** A class that the module tests for with `instanceof`, that it does not declare, and that may be one of errors. */
export interface TestedErrorClass {
  /** With the package that exports it: `axios#AxiosError`. */
  readonly name: string;
  /** The path of the other project file that declares it. That file may be excluded from compilation. */
  readonly file: string | undefined;
  /** How the module refers to it: `axios.AxiosError`. */
  readonly expression: string;
}

/** What the project contributes to the analysis of one module. The arrays use the indexes of its model. */
export interface Analysis {
  /** Functions that are tasks, workflows or scopes. */
  readonly durable: readonly boolean[];
  readonly targets: readonly Target[];
  /** The clock or random source that each of the module's reads reads from. `undefined` for other reads. */
  readonly chance: readonly (ChanceSource | undefined)[];
  readonly impurities: readonly Impurity[];
  /** Whether the instances of each class with `extends` are errors. `possible` if only a package knows. */
  readonly errorClasses: readonly ("certain" | "possible" | undefined)[];
  readonly testedClasses: readonly TestedErrorClass[];
  /** Whether there is anything to rewrite. */
  readonly touched: boolean;
  /** Paths of the rewritten modules that this one imports, directly or through unchanged modules. */
  readonly imports: readonly string[];
  /** Hash of the unchanged project modules that this one imports, directly or through other unchanged modules. "" if there are none. */
  readonly plain: string;
}
