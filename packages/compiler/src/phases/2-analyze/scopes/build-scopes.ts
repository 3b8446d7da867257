import type {
  BindingPattern,
  ImportDeclaration,
  Node,
  ObjectExpression,
  Program,
  VariableDeclaration,
} from "oxc-parser";
import {
  children,
  isClass,
  isFunction,
  keyName,
  type ClassNode,
  type FunctionNode,
  type ParameterNode,
} from "../../../syntax/ast.ts";
import { KNOWN, UNKNOWN, type Value } from "../model/value.ts";
import type { Binding, NamespaceBlock, Scope, Scopes } from "./scopes.ts";

const opensBlock = new Set([
  "BlockStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "CatchClause",
  "SwitchStatement",
  "WithStatement",
]);

export function buildScopes(program: Program): Scopes {
  const builder = new ScopeBuilder();
  builder.visitProgram(program);
  return builder;
}

class ScopeBuilder implements Scopes {
  readonly of = new Map<Node, Scope>();
  readonly bindings: Binding[] = [];
  readonly classes: ClassNode[] = [];
  readonly objects: (ObjectExpression | NamespaceBlock)[] = [];
  readonly functionIndex = new Map<FunctionNode, number>();
  readonly classIndex = new Map<ClassNode, number>();
  readonly objectIndex = new Map<Node, number>();

  visitProgram(program: Program): void {
    this.descend(program, this.open(program, undefined, true, KNOWN));
  }

  private open(node: Node, parent: Scope | undefined, hoists: boolean, self: Value | undefined): Scope {
    const scope: Scope = { node, parent, hoists, names: new Map(), self };
    this.of.set(node, scope);
    return scope;
  }

  private declare(scope: Scope, name: string, kind: Binding["kind"], declared: Binding["declared"]): void {
    let target = scope;
    if (kind === "var") while (!target.hoists && target.parent) target = target.parent;
    // `var x` beside a parameter or function x declares the same variable, with two possible values
    const before = target.names.get(name);
    const isParameter = target.node.type === "BlockStatement" && target.parent?.names.has(name) === true;
    const value = (before || isParameter) && kind === "var" ? () => UNKNOWN : declared;
    const binding = { index: before?.index ?? this.bindings.length, name, scope: target, declared: value, kind };
    this.bindings[binding.index] = binding;
    target.names.set(name, binding);
  }

  private descend(node: Node, scope: Scope): void {
    for (const child of children(node)) this.visit(child, scope);
  }

  private visit(node: Node, scope: Scope): void {
    if (isFunction(node))
      this.visitFunction(node, scope, node.type === "ArrowFunctionExpression" ? undefined : UNKNOWN);
    else if (isClass(node)) this.visitClass(node, scope);
    else if (node.type === "ObjectExpression") this.visitObject(node, scope);
    else if (node.type === "VariableDeclaration") this.visitVariables(node, scope);
    else if (node.type === "ImportDeclaration") this.visitImport(node, scope);
    else if (node.type === "TSModuleDeclaration") this.visitNamespace(node, scope);
    else if (opensBlock.has(node.type)) this.visitBlock(node, scope);
    else {
      this.declareOther(node, scope);
      this.descend(node, scope);
    }
  }

  private visitFunction(node: FunctionNode, scope: Scope, self: Value | undefined): void {
    const index = this.functionIndex.size;
    this.functionIndex.set(node, index);
    const value: Value = { kind: "function", index };
    const inner = this.open(node, scope, true, self);
    if (node.id)
      this.declare(node.type === "FunctionDeclaration" ? scope : inner, node.id.name, "function", () => value);
    for (const param of node.params) this.bindParam(param, inner);
    for (const child of children(node)) {
      if (child === node.id) continue;
      if (child === node.body && child.type === "BlockStatement")
        this.descend(child, this.bodyScope(node, child, inner));
      else this.visit(child, inner);
    }
  }

  /** Defaults and patterns do not see the declarations of the body. Without them, body and parameters can share one scope. */
  private bodyScope({ params }: FunctionNode, body: Node, inner: Scope): Scope {
    return params.every(({ type }) => type === "Identifier") ? inner : this.open(body, inner, true, undefined);
  }

  private visitClass(node: ClassNode, scope: Scope): void {
    const index = this.classes.push(node) - 1;
    this.classIndex.set(node, index);
    const value: Value = { kind: "class", index };
    const inner = this.open(node, scope, false, undefined);
    if (node.id) {
      this.declare(inner, node.id.name, "other", () => value);
      if (node.type === "ClassDeclaration") this.declare(scope, node.id.name, "other", () => value);
    }
    for (const decorator of node.decorators) this.visit(decorator, scope);
    if (node.superClass) this.visit(node.superClass, inner);
    for (const member of node.body.body) {
      const isStatic = member.type === "StaticBlock" || ("static" in member && member.static);
      const self: Value = isStatic ? value : { kind: "instance", of: value };
      const memberScope = this.open(member, inner, true, self);
      for (const child of children(member)) {
        if (child.type === "FunctionExpression" && member.type === "MethodDefinition")
          this.visitFunction(child, memberScope, self);
        else this.visit(child, memberScope);
      }
    }
  }

  private visitObject(node: ObjectExpression, scope: Scope): void {
    const index = this.objects.push(node) - 1;
    this.objectIndex.set(node, index);
    const self: Value = { kind: "object", index };
    for (const property of node.properties) {
      if (property.type !== "Property") this.visit(property, scope);
      else {
        this.visit(property.key, scope);
        const isMethod = property.method || property.kind !== "init";
        if (isMethod && isFunction(property.value)) this.visitFunction(property.value, scope, self);
        else this.visit(property.value, scope);
      }
    }
  }

  private visitVariables(node: VariableDeclaration, scope: Scope): void {
    const kind = node.kind === "var" ? "var" : "other";
    for (const { id, init } of node.declarations) {
      this.bindPattern(id, scope, kind, init ? (valueOf) => valueOf(init, scope) : () => UNKNOWN);
    }
    this.descend(node, scope);
  }

  private visitImport(node: ImportDeclaration, scope: Scope): void {
    const from = node.source.value;
    for (const specifier of node.specifiers) {
      const typeOnly =
        node.importKind === "type" || (specifier.type === "ImportSpecifier" && specifier.importKind === "type");
      const value: Value = typeOnly ? UNKNOWN : { kind: "import", from, name: importedName(specifier) };
      this.declare(scope, specifier.local.name, "other", () => value);
    }
  }

  private visitNamespace({ id, body }: Extract<Node, { type: "TSModuleDeclaration" }>, scope: Scope): void {
    const root = rootOf(id);
    if (body?.type !== "TSModuleBlock")
      return root === undefined ? undefined : this.declare(scope, root, "other", () => UNKNOWN);
    const index = this.objects.push(body) - 1;
    this.objectIndex.set(body, index);
    // a namespace with a qualified name, or merged with a class or function, has members that are not known here
    const isWhole = id.type === "Identifier" && !scope.names.has(id.name);
    if (root !== undefined) this.declare(scope, root, "other", () => (isWhole ? { kind: "object", index } : UNKNOWN));
    this.descend(body, this.open(body, scope, true, undefined));
  }

  private visitBlock(node: Node, scope: Scope): void {
    const inner = this.open(node, scope, false, undefined);
    if (node.type === "CatchClause" && node.param) this.bindPattern(node.param, inner, "other", () => UNKNOWN);
    this.descend(node, inner);
  }

  private declareOther(node: Node, scope: Scope): void {
    if (node.type === "TSEnumDeclaration") this.declare(scope, node.id.name, "other", () => KNOWN);
    else if (node.type === "TSImportEqualsDeclaration") {
      const { moduleReference: reference } = node;
      const from = reference.type === "TSExternalModuleReference" ? reference.expression.value : undefined;
      this.declare(scope, node.id.name, "other", () =>
        from === undefined ? UNKNOWN : { kind: "import", from, name: "default" },
      );
    }
  }

  private bindParam(param: ParameterNode, scope: Scope): void {
    if (param.type === "TSParameterProperty") this.bindParam(param.parameter, scope);
    else this.bindPattern(param, scope, "other", annotated(param, scope));
  }

  private bindPattern(
    pattern: BindingPattern | ParameterNode,
    scope: Scope,
    kind: Binding["kind"],
    declared: Binding["declared"],
  ): void {
    switch (pattern.type) {
      case "Identifier":
        return this.declare(scope, pattern.name, kind, declared);
      case "AssignmentPattern":
        return this.bindPattern(pattern.left, scope, kind, () => UNKNOWN);
      case "RestElement":
        return this.bindPattern(pattern.argument, scope, kind, () => UNKNOWN);
      case "ArrayPattern":
        for (const each of pattern.elements) if (each) this.bindPattern(each, scope, kind, () => UNKNOWN);
        return;
      case "ObjectPattern":
        for (const each of pattern.properties) {
          // the rest of an object has its remaining members
          if (each.type === "RestElement") this.bindPattern(each.argument, scope, kind, declared);
          else this.bindPattern(each.value, scope, kind, memberOf(declared, keyName(each.key, each.computed)));
        }
        return;
      default:
    }
  }
}

/** `A` in `namespace A.B`. `undefined` for an ambient module declaration, whose name is a string. */
function rootOf(id: Node): string | undefined {
  if (id.type === "TSQualifiedName") return rootOf(id.left);
  return id.type === "Identifier" ? id.name : undefined;
}

const memberOf =
  (object: Binding["declared"], name: string | undefined): Binding["declared"] =>
  (valueOf) =>
    name === undefined ? UNKNOWN : { kind: "member", object: object(valueOf), name };

/** `order: Order` is an instance if `Order` resolves to a class. */
function annotated(param: ParameterNode, scope: Scope): Binding["declared"] {
  const type = "typeAnnotation" in param ? param.typeAnnotation?.typeAnnotation : undefined;
  if (type?.type !== "TSTypeReference" || type.typeName.type !== "Identifier") return () => UNKNOWN;
  const { typeName } = type;
  return (valueOf) => ({ kind: "typed", as: valueOf(typeName, scope) });
}

function importedName(specifier: ImportDeclaration["specifiers"][number]): string {
  if (specifier.type === "ImportDefaultSpecifier") return "default";
  if (specifier.type === "ImportNamespaceSpecifier") return "*";
  return specifier.imported.type === "Literal" ? specifier.imported.value : specifier.imported.name;
}
