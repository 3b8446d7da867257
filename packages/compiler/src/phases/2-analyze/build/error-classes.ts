import type { Node } from "oxc-parser";
import { isFunction, isWrapper, keyName, unwrap, type ClassNode } from "../../../syntax/ast.ts";
import type { DerivedClass } from "../model/model.ts";
import type { TestedClass } from "../model/summary.ts";
import { lookup, type Scope, type ValueOf } from "../scopes/scopes.ts";
import { ownName } from "./naming.ts";

/**
 * A class with `extends`, which may be one of errors.
 *
 * @param before - those before it in the module
 */
export function derivedClass(
  node: ClassNode,
  index: number,
  above: readonly Node[],
  before: readonly DerivedClass[],
): DerivedClass {
  const name = ownName(node, above) ?? "anonymous";
  const count = before.filter((each) => each.name.replace(/~\d+$/, "") === name).length;
  return {
    node,
    index,
    name: count === 0 ? name : `${name}~${count}`,
    variable: variableOf(node, above),
    isLocal: above.some((each) => isFunction(each) || isInstanceField(each)),
  };
}

/** `X` in `class X {}` and `const X = class {}` at the top of a module. */
function variableOf(node: ClassNode, above: readonly Node[]): string | undefined {
  const around = above.filter((each) => !isWrapper(each) && each.type !== "Program" && !each.type.startsWith("Export"));
  if (node.type === "ClassDeclaration") return around.length === 0 ? node.id?.name : undefined;
  const [declaration, declarator, ...others] = around;
  const isInitial = declaration?.type === "VariableDeclaration" && others.length === 0;
  return isInitial && declarator?.type === "VariableDeclarator" && declarator.id.type === "Identifier"
    ? declarator.id.name
    : undefined;
}

/** The class in `x instanceof C`, if it can be read outside of functions: a variable of the module, or a member of one. */
export function testedClass(right: Node, scope: Scope, valueOf: ValueOf): TestedClass | undefined {
  const names = path(right);
  const root = names && lookup(scope, names[0] ?? "");
  if (!names || !root || root.scope.parent) return undefined;
  return { value: valueOf(right, scope), expression: names.join(".") };
}

function path(node: Node): string[] | undefined {
  const inner = unwrap(node);
  if (inner.type === "Identifier") return [inner.name];
  if (inner.type !== "MemberExpression" || inner.computed) return undefined;
  const object = path(inner.object);
  const name = keyName(inner.property, inner.computed);
  return object && name !== undefined && !name.startsWith("#") ? [...object, name] : undefined;
}

const isInstanceField = (node: Node): boolean =>
  (node.type === "PropertyDefinition" || node.type === "AccessorProperty") && !node.static;
