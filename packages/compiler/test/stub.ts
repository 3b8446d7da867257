import { ABI_VERSION, type Abi, type ModuleHandle, type ModuleInfo } from "@perdure/protocol";

/** The calls of the emitted code, in order. */
export type Trace = string[];

/** An ABI that executes every call at once and records it. */
export function stubAbi(trace: Trace, defined: Map<unknown, string> = new Map()): Abi {
  const pending = { site: "" };
  return {
    module(abi, info) {
      if (abi !== ABI_VERSION) throw new Error(`abi ${abi}`);
      return handle(info, trace, defined, pending);
    },
  };
}

function handle(
  info: ModuleInfo,
  trace: Trace,
  defined: Map<unknown, string>,
  pending: { site: string },
): ModuleHandle {
  const note = (kind: string, index: number): void => {
    trace.push(`${kind} ${info.functions[index]?.name}${pending.site}`);
    pending.site = "";
  };
  const define: ModuleHandle["define"] = (fn, index, length, name) => {
    const info_ = info.functions[index];
    if (typeof fn !== "function" || !info_ || info_.kind === "helper") throw new Error(`define of ${String(fn)}`);
    Object.defineProperty(fn, "length", { value: length, configurable: true });
    if (name !== undefined) Object.defineProperty(fn, "name", { value: String(name), configurable: true });
    defined.set(fn, info_.name);
    return fn;
  };
  return {
    own: (make) => make({}),
    task: (index, args, body) => (note("task", index), body(...args)),
    workflow: (index, args, body) => (note("workflow", index), body(...args)),
    scope: (index, body) => (note("scope", index), body()),
    generator: (index, iterator) => (note("generator", index), iterator),
    here: () => "here",
    back: (scope, received) => {
      if (scope !== "here") throw new Error("lost scope");
      return received;
    },
    loop(index) {
      trace.push(`loop ${info.loops[index]}`);
      return {
        next: () => (trace.push("next"), true),
        end: () => void trace.push("end"),
      };
    },
    contain: (body) => body(),
    cleanUp() {
      trace.push("clean-up");
      return { end: () => void trace.push("end") };
    },
    disposal: () => ({ begin: () => ({ [Symbol.dispose]() {} }), end() {} }),
    cleaning: (callback) => callback,
    at(index, _callee, key) {
      if (key !== null) pending.site = ` @${info.sites[index]?.join(":")}`;
      return [];
    },
    tag(index, value) {
      pending.site = ` @${info.sites[index]?.join(":")}`;
      return value;
    },
    recorded: (_, real) => real,
    recording: (_, real) => real,
    define,
    methods(object, entries) {
      for (const [key, index, length] of entries)
        if (length !== undefined) define(Reflect.get(object, key) as () => unknown, index, length);
      return object;
    },
    errorClass(type) {
      if (typeof type !== "function") throw new Error(`errorClass of ${String(type)}`);
    },
    key: (value) => (typeof value === "symbol" ? value : String(value)),
    parent: (get, set) => new Proxy({}, { get: (_, key) => get(key), set: (_, key, value) => (set(key, value), true) }),
  };
}
