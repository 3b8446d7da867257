import type { ImportDeclaration, Node } from "oxc-parser";
import { literalText } from "../../../syntax/ast.ts";

/** The module that a node imports for its values; `undefined` where it imports none, or only types. */
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

/** The names that an import binds to values. */
export const valueSpecifiers = ({ specifiers }: ImportDeclaration): ImportDeclaration["specifiers"] =>
  specifiers.filter((each) => each.type !== "ImportSpecifier" || each.importKind !== "type");
