import type { ModuleInfo } from "@perdure/protocol";
import { ABI_VERSION, module } from "perdure/internal";

/** Loads a module with one workflow that does nothing, as the compiler emits it. A module of that file which was loaded before is replaced. */
export function load(name: string, file: string, schedule?: object, more: object = {}): () => Promise<void> {
  const info = { kind: "workflow", name, at: [1, 1], recoverable: true, ...(schedule && { schedule }), ...more };
  const functions = [info] as unknown as ModuleInfo["functions"];
  const hash = JSON.stringify(schedule ?? "none");
  const handle = module(ABI_VERSION, { file, hash, imports: [], functions, loops: [], sites: [] });
  const workflow = async (): Promise<void> => void (await handle.workflow(0, [], async () => {}));
  handle.define(workflow, 0, 0);
  return workflow;
}
