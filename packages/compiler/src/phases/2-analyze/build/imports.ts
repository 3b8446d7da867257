import type { ImportDeclaration, Node } from "oxc-parser";
import { literalText } from "../../../syntax/ast.ts";

/** The module from which a node imports values. `undefined` if it imports nothing, or only types. */
export function importedModule(node: Node): string | undefined {
  switch (node.type) {
    case "ImportDeclaration":
      return node.importKind !== "type" && (node.specifiers.length === 0 || valueSpecifiers(node).length > 0)
        ? node.source.value
        : undefined;
    case "ExportAllDeclaration":
    case "ExportNamedDeclaration":
      return node.exportKind === "type" ? undefined : node.source?.value;
    case "ImportExpression":
      return literalText(node.source);
    case "TSImportEqualsDeclaration":
      return node.moduleReference.type === "TSExternalModuleReference"
        ? node.moduleReference.expression.value
        : undefined;
    default:
      return undefined;
  }
}

/** The specifiers of an import that import values. */
export const valueSpecifiers = ({ specifiers }: ImportDeclaration): ImportDeclaration["specifiers"] =>
  specifiers.filter((each) => each.type !== "ImportSpecifier" || each.importKind !== "type");
