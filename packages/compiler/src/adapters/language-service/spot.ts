import { splitArguments, type Slice } from "../../directives/arguments.ts";
import {
  argumentDescriptions,
  backoffDescriptions,
  type ArgumentDescription,
  type ValueKind,
} from "../../directives/describe.ts";
import type { DirectiveKind, DirectiveWords } from "../../directives/directive.ts";

type Descriptions = Readonly<Record<string, ArgumentDescription>>;

/** A part of a placeholder: `order` and `id` of `{order.id}`. */
export interface Step extends Slice {
  readonly text: string;
}

/** The part of a directive that holds an offset. Offsets refer to the text of the directive. */
export type Spot =
  | { readonly kind: "words"; readonly span: Slice }
  /** The name of an argument, or the place for one. `names` are those that can stand here, `given` those beside it. */
  | { readonly kind: "name"; readonly span: Slice; readonly names: Descriptions; readonly given: readonly string[] }
  | { readonly kind: "value"; readonly span: Slice; readonly value: ValueKind }
  /** `at` is the index of the step with the offset. */
  | { readonly kind: "placeholder"; readonly steps: readonly Step[]; readonly at: number };

/** `undefined` behind text that is no directive. */
export function spotAt(text: string, offset: number, words: DirectiveWords): Spot | undefined {
  const colon = text.indexOf(":");
  if (colon === -1 || offset <= colon)
    return { kind: "words", span: { start: 0, end: colon === -1 ? text.length : colon } };
  const kind = (["task", "workflow"] as const).find((each: DirectiveKind) => text.slice(0, colon) === words[each]);
  return kind && inArguments(text, { start: colon + 1, end: text.length }, offset, argumentDescriptions[kind]);
}

function inArguments(text: string, { start, end }: Slice, offset: number, names: Descriptions): Spot | undefined {
  const slices = splitArguments(text, start, end);
  const slice = slices.find((each) => each.start <= offset && offset <= each.end);
  if (!slice) return undefined;
  const { name, assigned, value } = parts(text, slice);
  // `constant(5s)` is the one value without a name
  if (!assigned && name.start === name.end && value.start < value.end)
    return names === backoffDescriptions.constant.arguments ? inValue(text, value, offset, "duration") : undefined;
  if (!assigned || offset < value.start) {
    const others = slices.filter((each) => each !== slice).map((each) => textAt(text, parts(text, each).name));
    const inside = name.start <= offset && offset <= name.end;
    return { kind: "name", span: inside ? name : { start: offset, end: offset }, names, given: others };
  }
  const described = own(names, textAt(text, name));
  if (described?.value === "backoff") return inBackoff(text, { start: value.start, end: slice.end }, offset);
  return described && inValue(text, value, offset, described.value);
}

/** The name and the value of an argument that may be incomplete. */
function parts(
  text: string,
  { start, end }: Slice,
): { readonly name: Slice; readonly assigned: boolean; readonly value: Slice } {
  const whole = text.slice(start, end);
  const [head = "", space = "", word = "", equals = "", quote = ""] =
    /^(\s*)([A-Za-z_$][\w$]*)?(\s*=\s*)?(["'`])?/.exec(whole) ?? [];
  const valueStart = start + head.length;
  const closed = quote !== "" && whole.trimEnd().length > head.length && whole.trimEnd().endsWith(quote);
  const valueEnd = start + whole.trimEnd().length - (closed ? 1 : 0);
  return {
    name: { start: start + space.length, end: start + space.length + word.length },
    assigned: equals !== "",
    value: { start: valueStart, end: Math.max(valueStart, valueEnd) },
  };
}

function inValue(text: string, span: Slice, offset: number, value: ValueKind): Spot | undefined {
  if (offset > span.end) return undefined;
  if (value === "template") return inPlaceholder(text, span, offset) ?? { kind: "value", span, value };
  return { kind: "value", span, value };
}

function inBackoff(text: string, span: Slice, offset: number): Spot | undefined {
  const call = textAt(text, span).trimEnd();
  const [whole = "", name = ""] = /^([A-Za-z_$]*)\s*\(?/.exec(call) ?? [];
  if (offset <= span.start + name.length)
    return { kind: "value", span: { start: span.start, end: span.start + name.length }, value: "backoff" };
  const described = own(backoffDescriptions, name);
  if (!described || !whole.endsWith("(")) return undefined;
  const start = span.start + whole.length;
  const end = call.endsWith(")") ? span.start + call.length - 1 : span.end;
  if (offset < start || offset > end) return undefined;
  return inArguments(text, { start, end }, offset, described.arguments);
}

function inPlaceholder(text: string, span: Slice, offset: number): Spot | undefined {
  const before = text.slice(span.start, offset).replaceAll("{{", "  ");
  const open = before.lastIndexOf("{");
  if (open === -1 || before.includes("}", open)) return undefined;
  const start = span.start + open + 1;
  const [whole = "", path = "", format] = /^([^{}:]*)(?::([^{}]*))?/.exec(text.slice(start, span.end)) ?? [];
  if (offset > start + path.length) {
    const end = start + whole.length;
    return format === undefined
      ? undefined
      : { kind: "value", span: { start: end - format.trimStart().length, end }, value: "date" };
  }
  const steps = [...path.matchAll(/(?:^|[.[])([^.[\]]*)/g)].map((match): Step => {
    const [whole, step = ""] = match;
    const spaces = step.length - step.trimStart().length;
    const from = start + match.index + whole.length - step.length + spaces;
    return { text: step.trim(), start: from, end: from + step.trim().length };
  });
  const at = steps.findLastIndex((each) => each.start <= offset);
  return { kind: "placeholder", steps, at: Math.max(0, at) };
}

export const textAt = (text: string, { start, end }: Slice): string => text.slice(start, end);

/** A member of a table that text names. */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
