import { nextTurn } from "@perdure/protocol";
import { context } from "../execution/current.ts";
import type { RunInMemory } from "../execution/step.ts";
import { processWide } from "../process-wide.ts";

const state = processWide("rejections", () => ({ users: 0, runs: new WeakMap<object, RunInMemory>() }));

type Emit = (this: NodeJS.Process, event: string | symbol, ...args: unknown[]) => boolean;

/**
 * Keeps unhandled rejections of runs from the process, for as long as runs are in memory (R12). A workflow may await a promise later, or never;
 * by itself, Node.js would end the process, and all other runs with it. Node.js announces each rejection in the asynchronous context of its
 * promise, which tells the run. Rejections from outside of runs go where they always go.
 * @returns ends that
 */
export function keepRejections(): () => void {
  if (state.users++ === 0) install();
  const end = (): void => {
    if (--state.users === 0) uninstall();
  };
  return () => void nextTurn(end); // Node.js announces the rejections of this turn of the event loop before that
}

let original: Emit | undefined;

function install(): void {
  const before = process.emit as unknown as Emit;
  original = before;
  const emit: Emit = function (event, ...args) {
    if (event === "unhandledRejection" && keep(args[1] as object, args[0])) return true;
    if (event === "rejectionHandled" && release(args[0] as object)) return true;
    return Reflect.apply(before, this, [event, ...args]) as boolean;
  };
  process.emit = emit as unknown as typeof process.emit;
  installed = emit;
}

let installed: Emit | undefined;

function uninstall(): void {
  // something else may have put itself in front
  if ((process.emit as unknown as Emit) === installed && original)
    process.emit = original as unknown as typeof process.emit;
}

function keep(promise: object, reason: unknown): boolean {
  const current = context.getStore();
  if (current === undefined || current.kind === "launch") return false;
  state.runs.set(promise, current.execution);
  current.execution.rejected(promise, reason);
  return true;
}

function release(promise: object): boolean {
  const run = state.runs.get(promise);
  run?.handled(promise);
  return run !== undefined;
}
