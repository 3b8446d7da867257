import type { Node, ObjectExpression } from "oxc-parser";
import type { ClassNode, FunctionNode } from "../../../syntax/ast.ts";
import { UNKNOWN, type Value } from "../model/value.ts";

export interface Binding {
  readonly index: number;
  readonly name: string;
  readonly scope: Scope;
  /** What it was declared to be; read it only when all scopes are complete. */
  readonly declared: (valueOf: ValueOf) => Value;
  readonly kind: "var" | "function" | "other";
}

export type ValueOf = (expression: Node, scope: Scope) => Value;

export interface Scope {
  readonly node: Node;
  readonly parent: Scope | undefined;
  /** `var` declarations end up here. */
  readonly hoists: boolean;
  readonly names: Map<string, Binding>;
  /** What `this` is, where that is not the parent's. */
  readonly self: Value | undefined;
}

/** The body of a TypeScript namespace. */
export type NamespaceBlock = Extract<Node, { type: "TSModuleBlock" }>;

/** Every scope, declaration and numbered thing of a module; numbers go by position in the source. */
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
