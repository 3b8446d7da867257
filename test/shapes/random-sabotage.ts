import { runtimes, type Runtime } from "../random-programs/load.ts";

type Module = (typeof runtimes.perdure)["perdure/internal"]["module"];
type Handle = ReturnType<Module>;

/** A runtime whose emitted operations do something else. */
function broken(change: (handle: Handle) => Partial<Handle>): Runtime {
  const real = runtimes.perdure["perdure/internal"];
  const module: Module = (abi, info) => {
    const handle = real.module(abi, info);
    const changed = change(handle);
    return new Proxy(handle, { get: (target, key) => Reflect.get(key in changed ? changed : target, key) as unknown });
  };
  return { perdure: runtimes.perdure.perdure, "perdure/internal": { ...real, module } };
}

/** Faults that a trial has to notice. */
export const sabotages: Readonly<Record<string, Runtime>> = {
  "a task is a plain call": broken(() => ({ task: async (_index, args, body) => body(...args) })),
  "a task loses its last argument": broken((handle) => ({
    task: (index, args, body) => handle.task(index, args.length > 1 ? (args.slice(0, -1) as typeof args) : args, body),
  })),
  "what is sent into a generator gets lost": broken((handle) => ({
    back: (scope) => handle.back(scope, undefined as never),
  })),
  "a function comes to nothing": broken((handle) => ({
    scope: (index, body) => (handle.scope(index, body), undefined as never),
  })),
};
