import { formatLocation } from "@perdure/protocol";
import { locationOf, type Definition } from "../definitions/definition.ts";
import { isError } from "../values/describe.ts";
import { define } from "../values/plain.ts";
import type { Shelter } from "./cancellation.ts";

/** One activation of a function: to tell whether it continued after a step failed, and for stack traces. */
export interface Frame {
  readonly parent: Frame | undefined;
  /** Number of completions that had been delivered when it last began a step or entered a function. */
  activeAt: number;
  /** What is activated; undefined for an attempt of a task. */
  readonly definition?: Definition;
  /** Where `parent` calls it, if the compiler saw the call. */
  readonly calledAt?: string | undefined;
}

/** A failed call of a step, and where it was made. */
interface FailedCall {
  readonly id: string;
  readonly location: string | undefined;
  readonly caller: { readonly frame: Frame };
  /** The task or workflow that was called. */
  readonly definition: Definition | undefined;
}

/**
 * Says in an error that a step delivers where it comes from: `runId` and `stepId` of the innermost step, as properties that are not enumerable, and in
 * the stack the functions that led to the call. An error that is read from the record gets the same frames as a new one, since V8 has only those of the attempt.
 */
export function addOrigin(error: unknown, run: string, call: FailedCall): void {
  if (!isError(error)) return;
  if (!("runId" in error) && !("stepId" in error)) {
    define(error, "runId", run, false);
    define(error, "stepId", call.id, false);
  }
  const { stack } = error;
  if (typeof stack !== "string" || stack === "") return;
  const lines = [...calledFrames(stack, call.definition), ...callingFrames(call)];
  define(error, "stack", [stack, ...lines].join("\n"), false);
}

/** The called function, unless the trace has it: an async function that returns a promise leaves none, and a deep trace is cut off. */
function calledFrames(stack: string, definition: Definition | undefined): string[] {
  if (!definition) return [];
  const own = lastName(definition.info.name);
  const isThere = [...stack.matchAll(/^\s+at (?:async )?(.+?) (?:\[as .*?\] )?\(/gm)].some(
    ([, name = ""]) => lastName(name) === own,
  );
  return isThere ? [] : [frameOf(definition.info.name, locationOf(definition))];
}

const lastName = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

function* callingFrames({ location, caller: { frame } }: FailedCall): Generator<string> {
  let at = location;
  for (let each: Frame | undefined = frame; each; each = each.parent) {
    const { definition } = each;
    const place = at ?? (definition && locationOf(definition));
    if (place !== undefined) yield frameOf(definition?.info.name, place);
    at = each.calledAt ?? (definition && each.parent?.definition && givenAt(definition, each.parent.definition));
  }
}

/**
 * Where `caller` gave a function to code that the compiler did not see, which called it: the place of its name there, or its own, if it has no name there, as in
 * `items.map(async (item) => …)`. Undefined where that is not clear.
 */
function givenAt({ info, module }: Definition, caller: Definition): string | undefined {
  const site = caller.module.sites.find(([name, line]) => name === info.name && line >= caller.info.at[0]);
  if (site) return formatLocation(caller.module.file, [site[1], site[2]]);
  const isInside = module === caller.module && info.at[0] >= caller.info.at[0];
  return isInside ? formatLocation(module.file, info.at) : undefined;
}

const frameOf = (name: string | undefined, place: string): string =>
  `    at async ${name === undefined ? place : `${name} (${place})`}`;

/** Where a step is called from. */
export interface Caller {
  readonly frame: Frame;
  /** What a cancellation does to calls from here. */
  readonly shelter: Shelter;
  /** Called from clean-up, shielded or not. */
  readonly isCleanUp: boolean;
}

/** The scope that a step is called from. */
export interface CallingScope extends Caller {
  /** The id of the next call of `what`, whose name is `name`. */
  nextId(name: string, what: string): string;
}
