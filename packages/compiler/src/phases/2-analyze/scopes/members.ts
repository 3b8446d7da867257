import type { Node, ObjectExpression } from "oxc-parser";
import { keyName, unwrap, type ClassNode } from "../../../syntax/ast.ts";
import { COMPUTED, SPREAD, type ClassSummary, type Members } from "../model/summary.ts";
import { UNKNOWN, type Value } from "../model/value.ts";
import { declaredNames } from "./exports.ts";
import { lookup, type NamespaceBlock, type Scope, type Scopes, type ValueOf } from "./scopes.ts";

/** The known members of an object literal or namespace. */
export function summarizeObject(
  node: ObjectExpression | NamespaceBlock,
  scope: Scope | undefined,
  valueOf: ValueOf,
): Members {
  if (!scope) return new Map();
  return node.type === "ObjectExpression" ? literalMembers(node, scope, valueOf) : exportedMembers(node, scope);
}

function literalMembers(node: ObjectExpression, scope: Scope, valueOf: ValueOf): Members {
  const members = new Map<string, Value>();
  for (const each of node.properties) {
    if (each.type === "SpreadElement") spread(valueOf(each.argument, scope), members);
    else {
      const key = keyName(each.key, each.computed);
      if (key !== undefined) members.set(key, each.kind === "init" ? valueOf(each.value, scope) : UNKNOWN);
      else if (!isWellKnown(each.key)) members.set(COMPUTED, UNKNOWN);
    }
  }
  return members;
}

/** A spread value may replace the members before it. */
function spread(value: Value, members: Map<string, Value>): void {
  for (const [name, before] of members)
    members.set(name, {
      kind: "choice",
      values: name === SPREAD ? [value, before] : [{ kind: "member", object: value, name }, before],
    });
  if (!members.has(SPREAD)) members.set(SPREAD, value);
}

/** No call uses `Symbol.iterator` by name, so such a key does not count as an unknown member. */
function isWellKnown(key: Node): boolean {
  const inner = unwrap(key);
  return inner.type === "MemberExpression" && inner.object.type === "Identifier" && inner.object.name === "Symbol";
}

function exportedMembers(node: NamespaceBlock, scope: Scope): Members {
  const names = node.body.flatMap((each) =>
    each.type === "ExportNamedDeclaration" ? declaredNames(each.declaration) : [],
  );
  return new Map(
    names.map((name): [string, Value] => {
      const binding = lookup(scope, name);
      return [name, binding ? { kind: "binding", index: binding.index } : UNKNOWN];
    }),
  );
}

export function summarizeClass(node: ClassNode, scopes: Scopes, valueOf: ValueOf): ClassSummary {
  const scope = scopes.of.get(node);
  const statics = new Map<string, Value>();
  const members = new Map<string, Value>();
  for (const each of node.body.body) {
    if (each.type !== "MethodDefinition" && each.type !== "PropertyDefinition" && each.type !== "AccessorProperty")
      continue;
    const own = each.static ? statics : members;
    const key = keyName(each.key, each.computed);
    const inner = scopes.of.get(each);
    if (key === undefined && !isWellKnown(each.key)) own.set(COMPUTED, UNKNOWN);
    if (key === undefined || !inner || !each.value) continue;
    const isValue = !("kind" in each) || each.kind === "method";
    own.set(key, isValue ? valueOf(each.value, inner) : UNKNOWN);
  }
  return { parent: node.superClass && scope ? valueOf(node.superClass, scope) : undefined, statics, members };
}
