/** The state that the runtime shares within a process, for tests that set it up or reset it. */
import { modules, workflows } from "../packages/runtime/src/definitions/registry.ts";

export { installed } from "../packages/runtime/src/process/default-runtime.ts";
export { modules, workflows };

/** Unloads every module, as in a new process. */
export function forgetModules(): void {
  modules.clear();
  workflows.clear();
}
