import { PerdureError } from "@perdure/protocol";
import {
  checkTaskOptions,
  checkWorkflowOptions,
  type TaskOptions,
  type WorkflowOptions,
} from "../config/task-options.ts";
import { isTask, type AnyFunction, type Definition } from "../definitions/definition.ts";
import { definitionOf, setOptions } from "../definitions/registry.ts";
import { workflowOf } from "../definitions/workflows.ts";
import type { StandardSchema } from "../values/schema.ts";

/**
 * The typed form of a task's directive arguments, for what a directive cannot hold. Options given here win over the directive's.
 * @returns the same function
 * They belong to this function object: of a function that is made several times, by a factory or in a loop, each has its own.
 * @throws PerdureError `NOT_COMPILED`, `NOT_A_TASK`, `OPTION_UNKNOWN`, `OPTION_INVALID`, `OPTIONS_SHARED`
 */
export function taskOptions<A extends unknown[], T>(
  fn: (...args: A) => Promise<unknown>,
  options: TaskOptions<A> & { readonly result: StandardSchema<T> },
): (...args: A) => Promise<T>;
export function taskOptions<F extends AnyFunction>(fn: F, options: TaskOptions<Parameters<F>>): F;
export function taskOptions<F extends AnyFunction>(fn: F, options: TaskOptions<Parameters<F>>): F {
  const definition = definitionOf(fn);
  if (!isTask(definition)) {
    if (definition) throw new PerdureError("NOT_A_TASK", { name: definition.info.name });
    throw new PerdureError("NOT_COMPILED", { name: fn.name || "(anonymous)", directive: false });
  }
  setOptions(fn, checkTaskOptions(options as TaskOptions, "taskOptions()") as Definition["options"] & object);
  return fn;
}

/**
 * The typed form of a workflow's directive arguments.
 * @returns the same function
 * They belong to this function object, as with `taskOptions`.
 * @throws PerdureError `NOT_COMPILED`, `NOT_A_WORKFLOW`, `OPTION_UNKNOWN`, `OPTION_INVALID`, `OPTIONS_SHARED`
 */
export function workflowOptions<F extends (...args: never[]) => Promise<unknown>>(
  fn: F,
  options: WorkflowOptions<Parameters<F>>,
): F {
  workflowOf(fn); // throws if it is none
  setOptions(fn, checkWorkflowOptions(options));
  return fn;
}
