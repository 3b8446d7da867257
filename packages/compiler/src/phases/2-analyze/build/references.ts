import type { Node } from "oxc-parser";
import { isWrapper } from "../../../syntax/ast.ts";

/** Whether an expression in `parent` is used as a value. */
export function isValueIn(node: Node, parent: Node): boolean {
  switch (parent.type) {
    case "CallExpression":
    case "NewExpression":
      return parent.callee !== node;
    case "MemberExpression":
      return parent.object !== node;
    case "AssignmentExpression":
      return parent.right === node;
    case "VariableDeclarator":
      return parent.init === node;
    case "UpdateExpression":
    case "UnaryExpression":
    case "BinaryExpression":
    case "TaggedTemplateExpression":
    case "ExpressionStatement":
      return false;
    default:
      return true;
  }
}

/** `const now = Date.now` is an alias. Uses of `now` resolve to the original, so the declaration itself is not a use. */
export const isAlias = (parent: Node, declaration: Node | undefined): boolean =>
  parent.type === "VariableDeclarator" && declaration?.type === "VariableDeclaration" && declaration.kind === "const";

/** Whether an identifier reads a variable, as opposed to naming a member, a declaration or a label. */
export function isReference(node: Node, parent: Node, grandparent: Node | undefined): boolean {
  switch (parent.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed;
    case "Property":
      return grandparent?.type === "ObjectExpression"
        ? parent.value === node || parent.computed
        : parent.computed && parent.key === node;
    case "MethodDefinition":
    case "PropertyDefinition":
    case "AccessorProperty":
      return parent.value === node || parent.computed;
    case "VariableDeclarator":
      return parent.init === node;
    case "AssignmentPattern":
    case "AssignmentExpression":
      return parent.right === node;
    case "ArrowFunctionExpression":
      return parent.body === node;
    case "ForInStatement":
    case "ForOfStatement":
      return parent.right === node;
    case "ClassDeclaration":
    case "ClassExpression":
      return parent.superClass === node;
    case "TSEnumMember":
      return parent.initializer === node;
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrayPattern":
    case "RestElement":
    case "CatchClause":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
    case "UpdateExpression":
    case "MetaProperty":
      return false;
    default:
      return !/^(?:Import|Export|TS)/.test(parent.type) || parent.type === "ImportExpression" || isWrapper(parent);
  }
}
