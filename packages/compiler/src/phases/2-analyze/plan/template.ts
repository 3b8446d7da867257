import { closest, type TemplatePart } from "@perdure/protocol";
import type { Node } from "oxc-parser";
import { createDiagnostic, type Diagnostic, type SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { IdPart } from "../../../directives/template.ts";
import { keyName, runtimeParams, unwrap, type FunctionNode } from "../../../syntax/ast.ts";
import type { FoundDirective } from "../../1-parse/directives.ts";

/** Where the value of a parameter name comes from. */
interface Origin {
  readonly arg: number;
  readonly path: readonly (string | number)[];
  readonly fallback: string | number | boolean | undefined;
  /** Whether the name is a rest parameter. */
  readonly rest: boolean;
}

type Parameters = ReadonlyMap<string, Origin>;

/** Resolves the id template of a workflow: traces each placeholder to the arguments. */
export function resolveTemplate(
  parts: readonly IdPart[],
  { node, name }: { readonly node: FunctionNode; readonly name: string },
  { statement, textStart }: FoundDirective,
  file: SourceFile,
): { readonly template: readonly TemplatePart[]; readonly diagnostics: readonly Diagnostic[] } {
  const parameters = traceParameters(node);
  const template: TemplatePart[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const part of parts) {
    const resolved = typeof part === "string" ? part : resolvePlaceholder(part.placeholder, parameters);
    if (resolved !== undefined) template.push(formatted(resolved, part));
    else if (typeof part !== "string") {
      const exact = textStart !== undefined;
      const span = exact ? { start: textStart + part.start, end: textStart + part.end } : statement;
      const known = [...parameters].map(([key, { rest }]) => (rest ? `${key}.0` : key));
      const suggestion = closest(rootOf(part.placeholder), known);
      const params = { placeholder: part.placeholder, name, known, suggestion };
      const diagnostic = createDiagnostic(file, "PLACEHOLDER_UNKNOWN", params, span);
      diagnostics.push(exact ? diagnostic : { ...diagnostic, fixes: [] });
    }
  }
  return { template, diagnostics };
}

const formatted = (resolved: TemplatePart, part: IdPart): TemplatePart =>
  typeof resolved === "string" || typeof part === "string" || part.format === undefined
    ? resolved
    : { ...resolved, text: `${resolved.text}:${part.format}`, format: part.format };

const rootOf = (placeholder: string): string => placeholder.split(/[.[]/, 1)[0] ?? placeholder;

/** Resolves `order.id`, `items.0` and `items[0]`. */
function resolvePlaceholder(placeholder: string, parameters: Parameters): TemplatePart | undefined {
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\.[\p{ID_Continue}$]+|\[\d+\])*$/u.test(placeholder)) return undefined;
  const [root, ...keys] = placeholder.split(/[.[\]]+/).filter((key) => key !== "");
  const origin = parameters.get(root ?? "");
  if (!origin) return undefined;
  const path = keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  if (!origin.rest)
    return part(placeholder, origin.arg, [...origin.path, ...path], path.length === 0 ? origin.fallback : undefined);
  const [first, ...below] = path;
  return typeof first === "number" ? part(placeholder, origin.arg + first, below, undefined) : undefined;
}

const part = (
  text: string,
  arg: number,
  path: readonly (string | number)[],
  fallback: Origin["fallback"],
): TemplatePart => ({
  text,
  arg,
  path,
  ...(fallback === undefined ? {} : { default: fallback }),
});

function traceParameters(fn: FunctionNode): Parameters {
  const found = new Map<string, Origin>();
  runtimeParams(fn).forEach((param, arg) => trace(param, { arg, path: [], fallback: undefined, rest: false }, found));
  return found;
}

function trace(pattern: Node, origin: Origin, found: Map<string, Origin>): void {
  const below = (key: string | number): Origin => ({ ...origin, path: [...origin.path, key], fallback: undefined });
  switch (pattern.type) {
    case "Identifier":
      return void found.set(pattern.name, origin);
    case "TSParameterProperty":
      return trace(pattern.parameter, origin, found);
    case "AssignmentPattern":
      return trace(pattern.left, { ...origin, fallback: literal(pattern.right) }, found);
    case "RestElement":
      // in a pattern, `{ ...rest }` and `[...rest]` are copies, which have no path in the arguments
      return origin.path.length === 0 && pattern.argument.type === "Identifier"
        ? trace(pattern.argument, { ...origin, rest: true }, found)
        : undefined;
    case "ArrayPattern":
      return pattern.elements.forEach((each, i) => each && each.type !== "RestElement" && trace(each, below(i), found));
    case "ObjectPattern":
      for (const each of pattern.properties) {
        const key = each.type === "Property" ? keyName(each.key, each.computed) : undefined;
        if (each.type === "Property" && key !== undefined) trace(each.value, below(key), found);
      }
      return;
    default:
  }
}

function literal(node: Node): Origin["fallback"] {
  const inner = unwrap(node);
  if (inner.type === "UnaryExpression" && inner.operator === "-") {
    const value = literal(inner.argument);
    return typeof value === "number" ? -value : undefined;
  }
  if (inner.type === "TemplateLiteral" && inner.expressions.length === 0)
    return inner.quasis[0]?.value.cooked ?? undefined;
  if (inner.type !== "Literal") return undefined;
  const { value } = inner;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : undefined;
}
