import type { Node, Program } from "oxc-parser";
import { isErased, isFunction, unwrap, type FunctionNode } from "../../../syntax/ast.ts";
import { declaredNames, exportName } from "./exports.ts";

/** An export of a module that has a directive at its top. */
interface DirectedExport {
  readonly name: string;
  readonly node: Node;
  /** The exported function. `undefined` if the export is not a function. */
  readonly fn: FunctionNode | undefined;
  readonly from: "here" | "elsewhere";
}

/** All exported values of the module, with their functions. */
export function directedExports(program: Program): DirectedExport[] {
  const locals = localFunctions(program);
  const result: DirectedExport[] = [];
  const add = (name: string, node: Node, fn: FunctionNode | undefined, from: DirectedExport["from"] = "here"): void =>
    void result.push({ name, node, fn, from });
  for (const node of program.body) {
    if (node.type === "ExportDefaultDeclaration" && !isErased(node.declaration)) {
      const inner = unwrap(node.declaration);
      add(
        "default",
        node.declaration,
        isFunction(inner) ? inner : inner.type === "Identifier" ? locals.get(inner.name) : undefined,
      );
    } else if (node.type === "ExportAllDeclaration" && node.exportKind !== "type")
      add("*", node, undefined, "elsewhere");
    else if (node.type === "ExportNamedDeclaration" && node.exportKind !== "type") {
      for (const name of declaredNames(node.declaration)) add(name, node.declaration ?? node, locals.get(name));
      for (const each of node.specifiers) {
        if (each.exportKind === "type") continue;
        if (node.source) add(exportName(each.exported), each, undefined, "elsewhere");
        else add(exportName(each.exported), each, locals.get(exportName(each.local)));
      }
    }
  }
  return result;
}

function localFunctions(program: Program): Map<string, FunctionNode> {
  const result = new Map<string, FunctionNode>();
  for (const statement of program.body) {
    const node =
      statement.type === "ExportNamedDeclaration" || statement.type === "ExportDefaultDeclaration"
        ? statement.declaration
        : statement;
    if (!node || isErased(node)) continue;
    if (isFunction(node) && node.id) result.set(node.id.name, node);
    if (node.type !== "VariableDeclaration") continue;
    for (const { id, init } of node.declarations) {
      const inner = init && unwrap(init);
      if (id.type === "Identifier" && inner && isFunction(inner)) result.set(id.name, inner);
    }
  }
  return result;
}
