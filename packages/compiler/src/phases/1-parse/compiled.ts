import { ABI_MODULE } from "@perdure/protocol";
import type { Node } from "oxc-parser";
import { literalText, walk } from "../../syntax/ast.ts";
import type { Parsed } from "./parse.ts";

/** Whether this compiler emitted the module: only emitted code imports the ABI module. */
export function isCompiled(parsed: Parsed): boolean {
  if (!parsed.source.includes(ABI_MODULE)) return false;
  return parsed.program.body.some((node) => {
    if (node.type === "ImportDeclaration") return node.source.value === ABI_MODULE;
    return node.type === "FunctionDeclaration" && requiresAbi(node);
  });
}

function requiresAbi(node: Node): boolean {
  let found = false;
  walk(node, (each) => {
    if (found) return false;
    const first =
      each.type === "CallExpression" && each.callee.type === "Identifier" && each.callee.name === "require"
        ? each.arguments[0]
        : undefined;
    found = first !== undefined && literalText(first) === ABI_MODULE;
    return !found;
  });
  return found;
}
