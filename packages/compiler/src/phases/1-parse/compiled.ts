import { ABI_MODULE } from "@perdure/protocol";
import type { Parsed } from "./parse.ts";

/** Whether the module has been through this compiler: it loads what only emitted code loads. */
export function isCompiled({ program, source }: Parsed): boolean {
  return program.body.some((node) => {
    if (node.type === "ImportDeclaration") return node.source.value === ABI_MODULE;
    return node.type === "FunctionDeclaration" && source.slice(node.start, node.end).includes(`require("${ABI_MODULE}").module(`);
  });
}
