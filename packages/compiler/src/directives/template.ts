import { dateFormatProblem } from "@perdure/protocol";
import type { Argument } from "./arguments.ts";
import { report, type DirectiveProblem } from "./problem.ts";

/** A part of the template of an id or a key: literal text, or a placeholder with its offsets in the directive. */
export type IdPart =
  | string
  | {
      readonly placeholder: string;
      /** How a date becomes text: `yyyy-mm-dd`. */
      readonly format: string | undefined;
      readonly start: number;
      readonly end: number;
    };

/** Parses `order-{order.id}` and `report-{day:yyyy-mm-dd}`. `{{` and `}}` stand for literal braces. */
export function readTemplate(arg: Argument, found: DirectiveProblem[]): readonly IdPart[] {
  const parts: IdPart[] = [];
  const pattern = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g;
  const literal = (text: string): void => {
    const last = parts.at(-1);
    if (typeof last === "string") parts[parts.length - 1] = last + text;
    else parts.push(text);
  };
  for (const match of arg.value.matchAll(pattern)) {
    const [text, inner] = match;
    const start = arg.valueStart + match.index;
    const end = start + text.length;
    if (inner !== undefined) parts.push(placeholder(inner, { start, end }, found));
    else if (text === "{" || text === "}") {
      const params = {
        name: arg.name,
        value: arg.value,
        expected: 'text with placeholders, such as "order-{orderId}"',
      };
      report(found, "DIRECTIVE_ARGUMENT_INVALID", params, { start, end: start + 1 });
    } else literal(text === "{{" ? "{" : text === "}}" ? "}" : text);
  }
  if (arg.value === "") {
    report(found, "DIRECTIVE_ARGUMENT_INVALID", { name: arg.name, value: "", expected: "non-empty text" }, arg);
  }
  return parts;
}

function placeholder(
  inner: string,
  at: { readonly start: number; readonly end: number },
  found: DirectiveProblem[],
): Exclude<IdPart, string> {
  const [name = "", ...rest] = inner.split(":");
  const format = rest.length === 0 ? undefined : rest.join(":").trim();
  const problem = format === undefined ? undefined : dateFormatProblem(format);
  if (problem !== undefined) report(found, "PLACEHOLDER_FORMAT", { placeholder: inner.trim(), problem }, at);
  return { placeholder: name.trim(), format, ...at };
}
