import {
  ABI_VERSION,
  PerdureError,
  type ChanceSource,
  type CleanUp,
  type Disposal,
  type Loop,
  type ModuleHandle,
  type ModuleInfo,
} from "@perdure/protocol";
import type { AnyFunction, Body, Definition, TaskDefinition, WorkflowDefinition } from "../definitions/definition.ts";
import { registerClass, registerClasses, type ReadClass } from "../definitions/error-classes.ts";
import { methodOf } from "../definitions/method.ts";
import { define, definitionOf, keyOf, ownDefinition, moduleKey, register } from "../definitions/registry.ts";
import { context, currentScope } from "../execution/current.ts";
import type { Scope } from "../execution/scope.ts";
import { dropSite, setSite, setSiteOf, takeSite } from "../execution/sites.ts";
import { currentRuntime } from "../process/default-runtime.ts";
import { callTask } from "../steps/call-task.ts";
import { childStep } from "../steps/child.ts";

/** The operations of emitted code. Outside of a run each is the plain call that it replaces. */
class CompiledModule implements ModuleHandle {
  private readonly info: ModuleInfo;
  private readonly definitions: readonly Definition[];

  constructor(info: ModuleInfo, classes: readonly ReadClass[]) {
    this.info = info;
    registerClasses(info, classes);
    this.definitions = info.functions.map((fn, index) => ({ info: fn, module: info, key: keyOf(info, index) }));
    register(info, this.definitions);
  }

  own<T>(make: (own: object) => T): T {
    return make({});
  }

  task<A extends unknown[], R>(index: number, args: A, body: (...args: A) => Promise<R>, own?: object): Promise<R> {
    const current = context.getStore();
    // R10: a plain call costs nothing
    if (current === undefined || current.kind === "launch") return body(...args);
    return callTask(ownDefinition(this.definitions[index] as TaskDefinition, own), args, body);
  }

  workflow<A extends unknown[], R>(
    index: number,
    args: A,
    body: (...args: A) => Promise<R>,
    own?: object,
    instance = own,
  ): Promise<R> {
    const definition = ownDefinition(this.definitions[index] as WorkflowDefinition, own);
    const erased = body as unknown as Body;
    const current = context.getStore();
    if (current?.kind === "launch") {
      current.body = erased;
      return new Promise(() => {}); // `bodyOf` takes the body; nothing awaits this promise
    }
    const location = takeSite(definition.info.name);
    if (current?.kind === "scope")
      return childStep(current, { definition, args, body: erased, location }) as Promise<R>;
    return currentRuntime().starter.call(definition, args, erased, instance) as Promise<R>;
  }

  scope<R>(index: number, body: () => R): R {
    const scope = currentScope();
    if (scope) return context.run(this.enter(scope, index), body);
    dropSite();
    return body();
  }

  generator<G extends Generator | AsyncGenerator>(index: number, iterator: G): G {
    const scope = currentScope();
    if (!scope) return iterator;
    const inner = this.enter(scope, index);
    const resume =
      <K extends "next" | "return" | "throw">(how: K) =>
      (value: unknown) =>
        context.run(inner.calledFrom(currentScope() ?? inner), () =>
          (iterator[how] as (value: unknown) => unknown)(value),
        );
    const wrapped = { next: resume("next"), return: resume("return"), throw: resume("throw") };
    return Object.assign(wrapped, {
      [Symbol.iterator in iterator ? Symbol.iterator : Symbol.asyncIterator]: () => wrapped,
    }) as unknown as G;
  }

  here(): Scope | undefined {
    return currentScope();
  }

  back<T>(scope: Scope | undefined, received: T): T {
    // where `resume` was called in clean-up, what follows is clean-up as well
    if (scope) context.enterWith(scope.calledFrom(currentScope() ?? scope));
    return received;
  }

  loop(index: number): Loop {
    const scope = currentScope();
    const name = this.info.loops[index];
    return scope && name ? new RunLoop(scope, name) : plainLoop;
  }

  contain<R>(body: () => R): R {
    const scope = currentScope();
    if (!scope) return body();
    try {
      return body();
    } finally {
      context.enterWith(scope); // `context.run` restores nothing when the scope stays the same
    }
  }

  cleanUp(): CleanUp {
    const scope = currentScope();
    return scope ? new RunCleanUp(scope) : plainCleanUp;
  }

  disposal(): Disposal {
    const scope = currentScope();
    return scope ? new RunDisposal(scope) : plainDisposal;
  }

  cleaning<T>(callback: T): T {
    if (typeof callback !== "function" || !currentScope()) return callback;
    return new Proxy(callback, {
      apply(target, self, args) {
        const call = (): unknown => Reflect.apply(target, self, args);
        const scope = currentScope();
        return scope ? context.run(scope.inCleanUp, call) : call();
      },
    });
  }

  at(site: number, callee?: unknown, key?: string | null): [] {
    return callee === undefined ? setSite(this.info, site) : setSiteOf(this.info, site, callee, key);
  }

  recorded<T>(source: ChanceSource, real: T): T {
    const scope = currentScope();
    return scope ? scope.recorded(source, real) : real;
  }

  recording<F extends AnyFunction>(source: ChanceSource, real: F): F {
    const { recorded } = this;
    return function (this: unknown, ...args: never[]) {
      return recorded(source, real.apply(this, args));
    } as F;
  }

  tag<T>(site: number, value: T, callee?: unknown, key?: string): T {
    this.at(site, callee, key);
    return value;
  }

  define<F extends AnyFunction>(fn: F, index: number, length: number, name?: PropertyKey, own?: object): F {
    if (name !== undefined) Object.defineProperty(fn, "name", { value: nameFor(name), configurable: true });
    Object.defineProperty(fn, "length", { value: length, configurable: true });
    this.register(fn, index, undefined, own);
    return fn;
  }

  methods<T extends object>(
    object: T,
    entries: readonly (readonly [key: PropertyKey, index: number, length?: number])[],
    own?: object,
  ): T {
    // of two members with one key, the last one wins
    for (const [key, index, length] of [...entries].reverse()) {
      const method = methodOf(object, key);
      // a decorator, or a later member, may have replaced it
      if (
        !method ||
        (length === undefined ? definitionOf(method) !== this.definitions[index] : definitionOf(method) !== undefined)
      )
        continue;
      if (length !== undefined) Object.defineProperty(method, "length", { value: length, configurable: true });
      this.register(method, index, object, own);
    }
    return object;
  }

  errorClass(type: object, name: string, isLocal?: boolean): void {
    const [activation = "none"] = currentScope()?.activations() ?? [];
    registerClass(moduleKey(this.info), name, type, isLocal ? activation : undefined);
  }

  key(value: unknown): PropertyKey {
    return Reflect.ownKeys({ [value as PropertyKey]: true })[0] as PropertyKey;
  }

  parent(get: (key: PropertyKey) => unknown, set: (key: PropertyKey, value: unknown) => void): object {
    return new Proxy({}, { get: (_, key) => get(key), set: (_, key, value) => (set(key, value), true) });
  }

  private register(fn: AnyFunction, index: number, holder: object | undefined, own: object | undefined): void {
    const definition = this.definitions[index];
    if (definition) define(fn, definition, holder, own);
  }

  private enter(scope: Scope, index: number): Scope {
    const definition = this.definitions[index] as Definition;
    return scope.enter(definition, takeSite(definition.info.name));
  }
}

/** The `name` of a function that is the value of a property with this key. */
const nameFor = (key: PropertyKey): string =>
  typeof key !== "symbol" ? String(key) : key.description === undefined ? "" : `[${key.description}]`;

const plainLoop: Loop = { next: () => true, end() {} };

class RunLoop implements Loop {
  private readonly scope: Scope;
  private readonly name: string;
  private index = 0;

  constructor(scope: Scope, name: string) {
    this.scope = scope;
    this.name = name;
  }

  next(): true {
    context.enterWith(this.scope.within({ name: this.name, variant: 0, index: this.index++ }));
    return true;
  }

  end(): void {
    context.enterWith(this.scope);
  }
}

const plainCleanUp: CleanUp = { end() {} };

class RunCleanUp implements CleanUp {
  private readonly scope: Scope;

  constructor(scope: Scope) {
    this.scope = scope;
    context.enterWith(scope.inCleanUp);
  }

  end(): void {
    context.enterWith(this.scope);
  }
}

const plainDisposal: Disposal = { begin: () => ({ [Symbol.dispose]() {} }), end() {} };

class RunDisposal implements Disposal {
  private readonly scope: Scope;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  begin(): Disposable {
    return { [Symbol.dispose]: () => context.enterWith(this.scope.inCleanUp) };
  }

  end(): void {
    context.enterWith(this.scope);
  }
}

export { ABI_VERSION };

/** Registers a compiled module. A module that is evaluated again replaces its earlier evaluation. */
export function module(abi: number, info: ModuleInfo, classes: readonly ReadClass[] = []): ModuleHandle {
  if (abi !== ABI_VERSION)
    throw new PerdureError("ABI_DIFFERS", { file: info.file, compiled: abi, runtime: ABI_VERSION });
  return new CompiledModule(info, classes);
}
