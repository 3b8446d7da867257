import type { Node, Program } from "oxc-parser";
import { isClass, isErased, isFunction, keyName, literalText, unwrap } from "../../../syntax/ast.ts";
import type { Value } from "../model/value.ts";
import { boundNames } from "./patterns.ts";
import { lookup, type Scope, type ValueOf } from "./scopes.ts";

interface Exports {
  readonly values: ReadonlyMap<string, Value>;
  readonly stars: readonly string[];
}

/** The name of an export, as importers use it. */
export const exportName = (node: Node): string => (node.type === "Identifier" ? node.name : (literalText(node) ?? ""));

export function collectExports(program: Program, scope: Scope, valueOf: ValueOf): Exports {
  const values = new Map<string, Value>();
  const stars: string[] = [];
  const bound = (name: string): Value => {
    const binding = lookup(scope, name);
    return binding ? { kind: "binding", index: binding.index } : { kind: "unknown" };
  };
  for (const node of program.body) {
    if (node.type === "ExportNamedDeclaration" && node.exportKind !== "type") {
      for (const name of declaredNames(node.declaration)) values.set(name, bound(name));
      for (const { local, exported, exportKind } of node.specifiers) {
        if (exportKind === "type") continue;
        const from = node.source?.value;
        values.set(
          exportName(exported),
          from === undefined ? bound(exportName(local)) : { kind: "import", from, name: exportName(local) },
        );
      }
    } else if (node.type === "ExportDefaultDeclaration") values.set("default", valueOf(node.declaration, scope));
    else if (node.type === "TSExportAssignment") values.set("module.exports", valueOf(node.expression, scope));
    else if (node.type === "ExportAllDeclaration" && node.exportKind !== "type") {
      const from = node.source.value;
      if (node.exported) values.set(exportName(node.exported), { kind: "import", from, name: "*" });
      else stars.push(from);
    } else if (node.type === "ExpressionStatement") collectCommonJs(unwrap(node.expression), scope, valueOf, values);
  }
  return { values, stars };
}

/** The names that a declaration exports. */
export function declaredNames(node: Node | null): string[] {
  if (!node || isErased(node)) return [];
  if (node.type === "VariableDeclaration") return node.declarations.flatMap(({ id }) => boundNames(id));
  if (isFunction(node) || isClass(node)) return node.id ? [node.id.name] : [];
  return (node.type === "TSEnumDeclaration" || node.type === "TSModuleDeclaration") && node.id.type === "Identifier"
    ? [node.id.name]
    : [];
}

/** `module.exports = …`, `exports.name = …`, `module.exports.name = …` */
function collectCommonJs(node: Node, scope: Scope, valueOf: ValueOf, values: Map<string, Value>): void {
  if (node.type !== "AssignmentExpression" || node.left.type !== "MemberExpression") return;
  const { object, property, computed } = node.left;
  const name = keyName(property, computed);
  if (name === undefined) return;
  const value = valueOf(node.right, scope);
  if (isExportsObject(object, scope)) values.set(name, value);
  else if (isFree(object, "module", scope) && name === "exports") values.set("module.exports", value);
}

/** Whether the node is `exports` or `module.exports` with its CommonJS meaning. */
export function isExportsObject(node: Node, scope: Scope): boolean {
  if (isFree(node, "exports", scope)) return true;
  return (
    node.type === "MemberExpression" &&
    isFree(node.object, "module", scope) &&
    keyName(node.property, node.computed) === "exports"
  );
}

export const isFree = (node: Node, name: string, scope: Scope): boolean =>
  node.type === "Identifier" && node.name === name && !lookup(scope, name);
