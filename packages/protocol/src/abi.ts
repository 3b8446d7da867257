import type { ModuleInfo } from "./manifest.ts";

/** Raised whenever emitted code and runtime would no longer understand each other. Both sides check it. */
export const ABI_VERSION = 4;

/** The one module that emitted code imports. */
export const ABI_MODULE = "perdure/internal";

/** The namespace that emitted code binds `ABI_MODULE` to, and the accessor of its own module handle. */
export const ABI_NAMESPACE = "$perdure";
export const ABI_HANDLE = "$perdure_m";

/** A function type that accepts every function. */
type AnyFunction = (...args: never[]) => unknown;

/** What `ABI_MODULE` exports. */
export interface Abi {
  /** Registers a compiled module and returns its handle; throws when `abi` is not `ABI_VERSION`. */
  module(abi: number, info: ModuleInfo): ModuleHandle;
}

/** The operations of emitted code. Indexes point into the `ModuleInfo` that the module was registered with. */
export interface ModuleHandle {
  /** The body of a task: a checkpointed step inside a run, a plain call of `body` elsewhere. */
  task<A extends unknown[], R>(index: number, args: A, body: (...args: A) => Promise<R>): Promise<R>;
  /** The body of a workflow: a run of its own, a child run inside another one. */
  workflow<A extends unknown[], R>(index: number, args: A, body: (...args: A) => Promise<R>): Promise<R>;
  /** The body of a function that holds durable calls: one activation, one scope. */
  scope<R>(index: number, body: () => R): R;
  /** The same for the body of a generator; works for `function*` and `async function*`. */
  generator<G extends Generator | AsyncGenerator>(index: number, iterator: G): G;
  /** The scope at this point, and the return to it when a `yield` comes back. */
  here(): unknown;
  back<T>(scope: unknown, received: T): T;
  /** One execution of a loop; `next` starts an iteration (and is `true`), `end` leaves the loop. */
  loop(index: number): Loop;
  /** The body of an async function without a scope that holds clean-up: what it enters does not reach its caller. */
  contain<R>(body: () => R): R;
  /** The beginning of a block of clean-up; `end` leaves it. */
  cleanUp(): CleanUp;
  /** A block that declares resources: what `begin` returns begins clean-up when it is disposed, before the resources; `end` leaves it. */
  disposal(): Disposal;
  /** A callback that is clean-up: what it gives for a function is called like it. Anything else, and everything outside of runs, is returned as it is. */
  cleaning<T>(callback: T): T;
  /** Names the site of the durable call whose last argument this is spread into. Always empty. */
  at(site: number): [];
  /** The same for a call by a template: `value` is the last thing that is evaluated before it, and is returned. */
  tag<T>(site: number, value: T): T;
  /** In a run, what every replay reads in place of `real`; elsewhere `real`. */
  recorded<T>(source: ChanceSource, real: T): T;
  /** The same for a function that is handed on: each call of the result is such a reading. */
  recording<F extends AnyFunction>(source: ChanceSource, real: F): F;
  /** Ties a function object to its entry in `ModuleInfo.functions`. Returns it. `name` is the one that JavaScript gives it for where it stands. */
  define<F extends AnyFunction>(fn: F, index: number, length: number, name?: PropertyKey): F;
  /**
   * The same for methods of an object literal, a class or its prototype. One without `length` has been defined where it stands, and something else may be
   * under its key by now. Returns the object.
   */
  methods<T extends object>(
    object: T,
    entries: readonly (readonly [key: PropertyKey, index: number, length?: number])[],
  ): T;
  /** A computed key as it is used, so that it can be used again. */
  key(value: unknown): PropertyKey;
  /** What `super` is in a method, for a function inside of it that has none: the prototype for one that has. */
  parent(get: (key: PropertyKey) => unknown, set: (key: PropertyKey, value: unknown) => void): object;
}

/**
 * What code reads of clock and chance, by what it gives: milliseconds since 1970, a `Date`, the text of one, milliseconds since the start, a number
 * below 1, a UUID, a filled array.
 */
export type ChanceSource = "now" | "date" | "text" | "elapsed" | "random" | "uuid" | "bytes";

export interface Loop {
  next(): true;
  end(): void;
}

export interface CleanUp {
  end(): void;
}

export interface Disposal extends CleanUp {
  begin(): Disposable;
}
