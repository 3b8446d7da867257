import { formatLocation, type FunctionInfo, type ModuleInfo } from "@perdure/protocol";
import type { TaskOptions, WorkflowOptions } from "../config/task-options.ts";

/** A function of any parameters; its arguments are checked where it is called. */
export type AnyFunction = (...args: never[]) => unknown;

/** A workflow's body, whatever its parameters: the arguments come from the store. */
export type Body = (...args: unknown[]) => Promise<unknown>;

/** A task or workflow that the compiler found. */
export interface Definition<I extends FunctionInfo = FunctionInfo> {
  readonly info: I;
  readonly module: ModuleInfo;
  /** Identifies the function when its calls are counted; the same for every evaluation of the module. */
  readonly key: string;
  /** The function that other processes find by name; undefined for closures and instance methods. */
  fn?: AnyFunction;
  /** The class or object of which the function is a method: its `this`. */
  holder?: object | undefined;
  /** Set with `taskOptions` or `workflowOptions`. */
  readonly options?: TaskOptions<unknown[]> & WorkflowOptions;
  /** The function object that they were set for. */
  readonly optionsOf?: AnyFunction;
}
export type TaskDefinition = Definition<Extract<FunctionInfo, { kind: "task" }>>;
export type WorkflowDefinition = Definition<Extract<FunctionInfo, { kind: "workflow" }>>;

export const isWorkflow = (definition: Definition | undefined): definition is WorkflowDefinition =>
  definition?.info.kind === "workflow";
export const isTask = (definition: Definition | undefined): definition is TaskDefinition =>
  definition?.info.kind === "task";

export const locationOf = ({ module, info }: Definition): string => formatLocation(module.file, info.at);
