import type { ModuleInfo } from "./manifest.ts";

/** Increased whenever emitted code and runtime become incompatible. Both sides check it. */
export const ABI_VERSION = 6;

/** The only module that emitted code imports. */
export const ABI_MODULE = "perdure/internal";

/** The namespace under which emitted code imports `ABI_MODULE`, and the function that returns the handle of its own module. */
export const ABI_NAMESPACE = "$perdure";
export const ABI_HANDLE = "$perdure_m";

/** A function type to which every function is assignable. */
type AnyFunction = (...args: never[]) => unknown;

/** The exports of `ABI_MODULE`. */
export interface Abi {
  /**
   * Registers a compiled module and returns its handle. Throws if `abi` is not `ABI_VERSION`. `classes` are the error classes that variables of the
   * module hold: those that it declares, and those of others that it tests for with `instanceof`. They are read when an error is first stored
   * or read. A name with `#` belongs to a package, or to another file: `axios#AxiosError`, `./src/errors.ts#Declined`.
   */
  module(
    abi: number,
    info: ModuleInfo,
    classes?: readonly (readonly [name: string, read: () => unknown])[],
  ): ModuleHandle;
}

/** The operations that emitted code calls. Indexes refer to the `ModuleInfo` with which the module was registered. */
export interface ModuleHandle {
  /**
   * What tells several function objects of one function apart: it is handed over where they are defined, and with each of their calls. `make` gets a
   * new one.
   */
  own<T>(make: (own: object) => T): T;
  /** Runs the body of a task: as a checkpointed step inside a run, as a plain call elsewhere. */
  task<A extends unknown[], R>(index: number, args: A, body: (...args: A) => Promise<R>, own?: object): Promise<R>;
  /** Runs the body of a workflow: as a child run inside another run, as a top-level run elsewhere. `instance` is the `this` that distinguishes the runs of a method. */
  workflow<A extends unknown[], R>(
    index: number,
    args: A,
    body: (...args: A) => Promise<R>,
    own?: object,
    instance?: object,
  ): Promise<R>;
  /** Runs the body of a function that makes durable calls. Each activation opens a scope. */
  scope<R>(index: number, body: () => R): R;
  /** The same for the body of a generator, `function*` or `async function*`. */
  generator<G extends Generator | AsyncGenerator>(index: number, iterator: G): G;
  /** `here` returns the current scope before a `yield`. `back` restores it afterwards and returns the received value. */
  here(): unknown;
  back<T>(scope: unknown, received: T): T;
  /** Begins one execution of a loop. `next` begins an iteration and returns `true`. `end` leaves the loop. */
  loop(index: number): Loop;
  /** The body of an async function without a scope that holds clean-up: what it enters does not reach its caller. */
  contain<R>(body: () => R): R;
  /** The beginning of a block of clean-up; `end` leaves it. */
  cleanUp(): CleanUp;
  /** A block that declares resources: what `begin` returns begins clean-up when it is disposed, before the resources; `end` leaves it. */
  disposal(): Disposal;
  /** A callback that is clean-up: what it gives for a function is called like it. Anything else, and everything outside of runs, is returned as it is. */
  cleaning<T>(callback: T): T;
  /**
   * Records the call site of the durable call whose last argument this is spread into. The result is always empty. `callee` is the function that is
   * called, or with `key` the object whose method is called, if another module defines it: it may turn out not to be compiled.
   * `null`: the function is only passed on.
   */
  at(site: number, callee?: unknown, key?: string | null): [];
  /** The same for a tagged template. `value` is the last operand evaluated before the call, and is returned. */
  tag<T>(site: number, value: T, callee?: unknown, key?: string): T;
  /** Inside a run, the recorded value, which is the same on every replay. Elsewhere `real`. */
  recorded<T>(source: ChanceSource, real: T): T;
  /** The same for a function that is passed as a value: its results are recorded. */
  recording<F extends AnyFunction>(source: ChanceSource, real: F): F;
  /**
   * Links a function object to its entry in `ModuleInfo.functions`, and returns it. `name` is the name that JavaScript assigns to it in its
   * position.
   */
  define<F extends AnyFunction>(fn: F, index: number, length: number, name?: PropertyKey, own?: object): F;
  /**
   * The same for the methods of an object literal, a class or its prototype. A method without `length` was defined at its own position already,
   * since another value may have replaced it under its key. Returns the object.
   */
  methods<T extends object>(
    object: T,
    entries: readonly (readonly [key: PropertyKey, index: number, length?: number])[],
    own?: object,
  ): T;
  /**
   * Registers a class that no variable of the module holds, so that its errors come back as instances of it. Anything but an error class is ignored. `isLocal`:
   * a function declares it, so that each call of the function has a class of its own.
   */
  errorClass(type: object, name: string, isLocal?: boolean): void;
  /** Converts the value of a computed key to a property key, so that it is converted only once. */
  key(value: unknown): PropertyKey;
  /** A substitute for `super` in a nested function that has no `super`. `get` and `set` access the properties of the method's own `super`. */
  parent(get: (key: PropertyKey) => unknown, set: (key: PropertyKey, value: unknown) => void): object;
}

/**
 * The kind of value read from the clock or a random source: milliseconds since 1970, a `Date`, the text of a `Date`, milliseconds since
 * process start, a number below 1, a UUID, a filled array.
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
