import type { Node } from "oxc-parser";
import { isThisParam, lengthOf, runtimeParams, type FunctionNode, type ParameterNode } from "../../../syntax/ast.ts";
import type { Edit } from "../../2-analyze/plan/edits.ts";
import type { RewriteContext } from "../text/context.ts";
import type { Span } from "../text/insertions.ts";

/** The decorators and the type of a parameter: they stay with the outer function, where tools and emitted metadata look for them. */
const partsOf = (param: ParameterNode): { readonly decorators: readonly Span[]; readonly type: Span | undefined } => ({
  decorators: "decorators" in param ? (param.decorators ?? []) : [],
  type: typeOf(param),
});

function typeOf(param: Node): Span | undefined {
  if (param.type === "AssignmentPattern") return typeOf(param.left);
  return "typeAnnotation" in param && param.typeAnnotation ? param.typeAnnotation : undefined;
}

/** What `keptParameters` takes out of the parameters. */
export function outerParts(edit: Edit): Span[] {
  const isKept =
    (edit.kind === "run" && edit.keepsParameters) ||
    (edit.kind === "scope" && edit.parameters && edit.node.type !== "ArrowFunctionExpression");
  if (!isKept) return [];
  return runtimeParams(edit.node).flatMap((param) => {
    const { decorators, type } = partsOf(param);
    return type ? [...decorators, type] : decorators;
  });
}

/** `@Body() { id }: Order = {}, ...rest: string[]` → `@Body() $p0: Order = void 0, ...$p1: string[]` */
export function keptParameters(node: FunctionNode, { names, parsed: { source } }: RewriteContext): string {
  const text = ({ start, end }: Span): string => source.slice(start, end);
  const optionalFrom = lengthOf(node);
  return runtimeParams(node)
    .map((param, i) => {
      const { decorators, type } = partsOf(param);
      const isRest = param.type === "RestElement";
      const value = !isRest && i >= optionalFrom ? " = void 0" : "";
      return `${decorators.map((each) => `${text(each)} `).join("")}${isRest ? "..." : ""}${names.param(i)}${type ? text(type) : ""}${value}`;
    })
    .join(", ");
}

/** Closes the outer function's parameters before those of the source, and puts `head`, open at the inner ones, in between. */
export function splitParameters(
  node: FunctionNode,
  params: string,
  head: string,
  { out, parsed }: RewriteContext,
): void {
  const first = node.params[0];
  if (!first || !isThisParam(first)) {
    return out.open(
      parsed.find("(", node.typeParameters?.end ?? node.id?.end ?? node.start) + 1,
      `${params}${head}`,
      node,
    );
  }
  // TypeScript's `this` parameter stays outside
  const comma = parsed.skip(first.end);
  const follows = parsed.source[comma] === ",";
  const between = follows ? " " : params === "" ? "" : ", ";
  out.open(follows ? comma + 1 : first.end, `${between}${params}${head}`, node);
}

/** The end of the parameter list and the return type: no line may break between them and `=>`. */
export function endOfHead(
  { params, returnType, typeParameters, id, start }: FunctionNode,
  { parsed }: RewriteContext,
): number {
  if (returnType) return returnType.end;
  const last = params.at(-1);
  return parsed.find(")", last?.end ?? parsed.find("(", typeParameters?.end ?? id?.end ?? start)) + 1;
}
