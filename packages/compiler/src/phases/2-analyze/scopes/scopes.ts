import type { Node, ObjectExpression } from "oxc-parser";
import type { ClassNode, FunctionNode } from "../../../syntax/ast.ts";
import { UNKNOWN, type Value } from "../model/value.ts";

export interface Binding {
  readonly index: number;
  readonly name: string;
  readonly scope: Scope;
  /** The declared value. Call it only when all scopes are complete. */
  readonly declared: (valueOf: ValueOf) => Value;
  readonly kind: "var" | "function" | "other";
}

export type ValueOf = (expression: Node, scope: Scope) => Value;

export interface Scope {
  readonly node: Node;
  readonly parent: Scope | undefined;
  /** Whether `var` declarations are hoisted to this scope. */
  readonly hoists: boolean;
  readonly names: Map<string, Binding>;
  /** The value of `this`, if it differs from the parent's. */
  readonly self: Value | undefined;
}

/** The body of a TypeScript namespace. */
export type NamespaceBlock = Extract<Node, { type: "TSModuleBlock" }>;

/** All scopes, declarations and numbered nodes of a module. Numbers follow the order in the source. */
export interface Scopes {
  readonly of: ReadonlyMap<Node, Scope>;
  readonly bindings: readonly Binding[];
  readonly classes: readonly ClassNode[];
  readonly objects: readonly (ObjectExpression | NamespaceBlock)[];
  readonly functionIndex: ReadonlyMap<FunctionNode, number>;
  readonly classIndex: ReadonlyMap<ClassNode, number>;
  readonly objectIndex: ReadonlyMap<Node, number>;
}

export function lookup(scope: Scope | undefined, name: string): Binding | undefined {
  for (let each = scope; each; each = each.parent) {
    const binding = each.names.get(name);
    if (binding) return binding;
  }
  return undefined;
}

export function selfOf(scope: Scope | undefined): Value {
  for (let each = scope; each; each = each.parent) if (each.self) return each.self;
  return UNKNOWN;
}
