import type { AccessorProperty, MethodDefinition, Node, ObjectProperty, PropertyDefinition } from "oxc-parser";
import { isClass, isFunction, isLoop, isWrapper, keyName, unwrap, type FunctionNode } from "../../../syntax/ast.ts";
import type { Keep, Key, Place } from "../model/place.ts";

const unsupported = (what: string, advice: string): Place => ({ kind: "unsupported", what, advice });

const asMethod = "move the code into an async method with the directive, and call that method";

/** The place of a function, or the reason why a directive is not supported there. */
export function placeOf(node: FunctionNode, above: readonly Node[]): Place {
  const parent = above.at(-1);
  if (node.type === "FunctionDeclaration") return declaration(above);
  if (parent?.type === "MethodDefinition") return classMethod(parent, above);
  if (parent?.type === "Property" && parent.value === node && (parent.method || parent.kind !== "init"))
    return objectMethod(parent, above);
  return {
    kind: "expression",
    named: node.type === "FunctionExpression" && node.id ? undefined : givenName(node, above),
  };
}

/** The place of a declaration. `block` is undefined at the top level of a module. */
function declaration(above: readonly Node[]): Place {
  const parent = above.at(-1);
  const exported = parent?.type === "ExportNamedDeclaration" || parent?.type === "ExportDefaultDeclaration";
  const container = exported || parent?.type === "SwitchCase" ? above.at(-2) : parent;
  return {
    kind: "declaration",
    block: container?.type === "Program" ? undefined : container,
    defaultExport: parent?.type === "ExportDefaultDeclaration",
  };
}

function classMethod(method: MethodDefinition, above: readonly Node[]): Place {
  if (method.kind === "constructor") return { kind: "constructor", what: "a constructor", advice: asMethod };
  if (method.kind !== "method") return unsupported(method.kind === "get" ? "a getter" : "a setter", asMethod);
  const of = above.at(-3);
  if (!of || !isClass(of)) throw new TypeError("a method is in a class");
  const key = keyOf(method, above.slice(0, -1));
  return { kind: "classMethod", key, of, isStatic: method.static, decorated: isDecorated(method) };
}

const isDecorated = ({ decorators, value }: MethodDefinition): boolean =>
  decorators.length > 0 || value.params.some((param) => "decorators" in param && (param.decorators?.length ?? 0) > 0);

function objectMethod(property: ObjectProperty, above: readonly Node[]): Place {
  if (property.kind !== "init") return unsupported(property.kind === "get" ? "a getter" : "a setter", asMethod);
  const object = above.at(-2);
  if (object?.type !== "ObjectExpression") throw new TypeError("a method is in an object");
  return { kind: "method", key: keyOf(property, above.slice(0, -1)), object };
}

interface Keyed {
  readonly key: Parameters<typeof keyName>[0];
  readonly computed: boolean;
}

/** The key of a member. `above` ends with the object literal or class body that contains it. */
function keyOf({ key, computed }: Keyed, above: readonly Node[]): Key {
  const text = keyName(key, computed);
  return text === undefined ? { computed: key, keep: keepOf(above) } : { text };
}

/**
 * Where to keep the value of a computed key: in the innermost block, arrow function or program that is entered again before each evaluation
 * of the key. There is none in a default value or in the value of a field. The object or class is then wrapped in a function.
 */
function keepOf(above: readonly Node[]): Keep {
  for (let i = above.length - 1; i >= 0; i--) {
    const [node, child] = [above[i], above[i + 1]];
    if (!node || (isFunction(node) && node.body !== child) || (isField(node) && node.value === child)) break;
    if (isFunction(node) || keepers.has(node.type)) return { node, named: undefined };
  }
  const at = above.at(-1)?.type === "ClassBody" ? above.length - 2 : above.length - 1;
  const holder = above[at];
  if (!holder) throw new TypeError("a member is in a class or object");
  return { node: holder, named: isClass(holder) && !holder.id ? givenName(holder, above.slice(0, at)) : undefined };
}

const keepers = new Set(["BlockStatement", "StaticBlock", "TSModuleBlock", "Program"]);

const isField = (node: Node): node is PropertyDefinition | AccessorProperty =>
  node.type === "PropertyDefinition" || node.type === "AccessorProperty";

/** The name that JavaScript assigns to an anonymous function or class because of its position. */
function givenName(node: Node, above: readonly Node[]): Key | undefined {
  const at = above.findLastIndex((each) => !isWrapper(each));
  const parent = above[at];
  const child = above[at + 1] ?? node;
  switch (parent?.type) {
    case "VariableDeclarator":
      return parent.id.type === "Identifier" ? { text: parent.id.name } : undefined;
    case "AssignmentPattern":
      return parent.left.type === "Identifier" ? { text: parent.left.name } : undefined;
    case "AssignmentExpression":
      return parent.left.type === "Identifier" && ["=", "&&=", "||=", "??="].includes(parent.operator)
        ? { text: parent.left.name }
        : undefined;
    case "ExportDefaultDeclaration":
      return { text: "default" };
    case "Property": // `__proto__: f` does not define a property
      return parent.value !== child || (!parent.computed && keyName(parent.key, false) === "__proto__")
        ? undefined
        : keyOf(parent, above.slice(0, at));
    case "PropertyDefinition":
    case "AccessorProperty":
      return parent.value === child ? keyOf(parent, above.slice(0, at)) : undefined;
    default:
      return undefined;
  }
}

/** The ordinary function that determines `this`, `super` and `arguments` at `node`. */
export function ownFunction(node: Node, above: readonly Node[]): FunctionNode | undefined {
  for (let i = above.length - 1; i >= 0; i--) {
    const [each, child] = [above[i], above[i + 1] ?? node];
    if (!each || each.type === "StaticBlock" || (isField(each) && each.value === child)) return undefined;
    if (isFunction(each) && each.type !== "ArrowFunctionExpression") return each;
  }
  return undefined;
}

/** Whether one evaluation of the module may evaluate it more than once, and so make several function objects of it. */
export function isRepeated(above: readonly Node[]): boolean {
  return above.some((node) => isFunction(node) || isLoop(node) || (isField(node) && !node.static));
}

/** Whether it is evaluated once, with the module, and is not part of an instance. */
export function isReachable(above: readonly Node[]): boolean {
  return above.every((node) => {
    if (node.type === "MethodDefinition" || node.type === "PropertyDefinition" || node.type === "AccessorProperty") {
      return node.static && node.key.type !== "PrivateIdentifier";
    }
    return !isFunction(node) && !isLoop(node) && node.type !== "BlockStatement" && node.type !== "StaticBlock";
  });
}

/** `[Symbol.dispose]() {}`, `[Symbol.asyncDispose]() {}` */
export function isDisposer(node: Node | undefined): boolean {
  if (node?.type !== "MethodDefinition" && node?.type !== "Property") return false;
  const key = unwrap(node.key);
  if (!node.computed || key.type !== "MemberExpression") return false;
  const name = keyName(key.property, key.computed);
  const isSymbol = key.object.type === "Identifier" && key.object.name === "Symbol";
  return isSymbol && (name === "dispose" || name === "asyncDispose");
}

/** A function of a TypeScript namespace is called like a method. */
export const namespaceKey = (node: FunctionNode, place: Place): string | undefined =>
  place.kind === "declaration" && place.block?.type === "TSModuleBlock" ? node.id?.name : undefined;
