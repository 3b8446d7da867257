/** What the runtime shares in this process, for tests that set it up or reset it. */
import { modules, workflows } from "../packages/runtime/src/definitions/registry.ts";

export { installed } from "../packages/runtime/src/process/default-runtime.ts";
export { modules, workflows };

/** No module is loaded any more, as in a new process. */
export function forgetModules(): void {
  modules.clear();
  workflows.clear();
}
