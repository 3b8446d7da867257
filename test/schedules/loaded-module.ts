import type { ModuleInfo } from "@perdure/protocol";
import { ABI_VERSION, module } from "perdure/internal";

/** Loads a module with one workflow that does nothing, as the compiler emits it. A module of that file which was loaded before is replaced. */
export function load(name: string, file: string, schedule?: object): void {
  const info = { kind: "workflow", name, at: [1, 1], recoverable: true, ...(schedule && { schedule }) };
  const functions = [info] as unknown as ModuleInfo["functions"];
  const hash = JSON.stringify(schedule ?? "none");
  const handle = module(ABI_VERSION, { file, hash, imports: [], functions, loops: [], sites: [] });
  handle.define(async () => handle.workflow(0, [], async () => {}), 0, 0);
}
