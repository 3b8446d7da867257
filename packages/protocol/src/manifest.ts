import type { BackoffSpec } from "./directive.ts";

/** Where something stands in the source: 1-based line and column. */
export type Position = readonly [line: number, column: number];

export interface TaskOptionsInfo {
  readonly retries?: number;
  readonly backoff?: BackoffSpec;
  /** Milliseconds an attempt may take. */
  readonly timeout?: number;
}

/** One piece of an id template: literal text, or where the value is found in the arguments. */
export type TemplatePart =
  | string
  | {
      /** The placeholder as written, for messages. */
      readonly text: string;
      /** Index of the argument, and the keys below it. */
      readonly arg: number;
      readonly path: readonly (string | number)[];
      /** The literal that the parameter defaults to. */
      readonly default?: string | number | boolean;
    };

export type FunctionInfo =
  | { readonly kind: "task"; readonly name: string; readonly at: Position; readonly options?: TaskOptionsInfo }
  | {
      readonly kind: "workflow";
      readonly name: string;
      readonly at: Position;
      readonly id?: readonly TemplatePart[];
      /** It needs no `this` and no closure, so a run of it can be taken up by name in another process. */
      readonly recoverable: boolean;
    }
  | { readonly kind: "helper"; readonly name: string; readonly at: Position };

/** A durable call in the source, or a durable function passed on as a value: the name of what is called, and where. */
export type SiteInfo = readonly [name: string, line: number, column: number];

export type LoopName = "for" | "while" | "do";

/** What the compiler knows of one module; emitted with its code. */
export interface ModuleInfo {
  /** Path from the project's root, with forward slashes. */
  readonly file: string;
  /** Fingerprint of the code without comments and layout. */
  readonly hash: string;
  /** `file` of the compiled modules that this one imports. */
  readonly imports: readonly string[];
  readonly functions: readonly FunctionInfo[];
  readonly loops: readonly LoopName[];
  readonly sites: readonly SiteInfo[];
}

/** What a build knows of all its modules. */
export interface Manifest {
  readonly version: 1;
  readonly modules: readonly ModuleInfo[];
}

export const formatLocation = (file: string, [line, column]: Position): string => `${file}:${line}:${column}`;
