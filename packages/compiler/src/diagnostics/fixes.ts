import type { DiagnosticCode, DiagnosticParams, Severity } from "./messages.ts";

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Text to put in place of a part of the file. */
interface Edit extends Span {
  readonly text: string;
}

/** One way to solve a problem: an editor offers it under its title. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly Edit[];
}

interface Place extends Span {
  readonly source: string;
}

type FixesOf<C extends DiagnosticCode> = (params: DiagnosticParams<C>, at: Place) => readonly Fix[];

const replace = ({ start, end }: Span, text: string, title: string): Fix => ({ title, edits: [{ start, end, text }] });
const insert = (at: number, text: string, title: string): Fix => replace({ start: at, end: at }, text, title);
const none: readonly Fix[] = [];

/** `retries` of `retires=3`: the name at the beginning of an argument. */
const rename = ({ start }: Place, name: string, to: string): Fix =>
  replace({ start, end: start + name.length }, to, `Change to "${to}"`);

/** The value of `name=value`. */
function changeValue({ start, end, source }: Place, value: string, to: string): Fix {
  const offset = source.slice(start, end).lastIndexOf(value);
  return replace({ start: start + offset, end: start + offset + value.length }, to, `Change to "${to}"`);
}

/** An argument with the comma before it. */
function withoutArgument({ start, end, source }: Place, name: string): Fix {
  const comma = /,\s*$/.exec(source.slice(0, start))?.[0].length ?? 0;
  return replace({ start: start - comma, end }, "", `Remove the second "${name}"`);
}

/** A statement with the white space before it. */
function withoutStatement({ start, end, source }: Place, directive: string): Fix {
  const space = /\s*$/.exec(source.slice(0, start))?.[0].length ?? 0;
  return replace({ start: start - space, end }, "", `Remove "${directive}"`);
}

/** `retries: 3` → `retries=3` */
function addEquals(found: string, at: Place): readonly Fix[] {
  const [, name, value] = /^([A-Za-z_$][\w$]*)\s*[: ]\s*([^\s:]+)$/.exec(found) ?? [];
  return name === undefined ? none : [replace(at, `${name}=${value}`, `Change to "${name}=${value}"`)];
}

const addAsync = (at: number | undefined): readonly Fix[] =>
  at === undefined ? none : [insert(at, "async ", `Add "async"`)];

/** A comment on the line before that turns a warning off. `none` in a template literal, where it would be text. */
function ignore(code: DiagnosticCode, { start, source }: Place): readonly Fix[] {
  if ((source.slice(0, start).match(/`/g) ?? []).length % 2 === 1) return none;
  const line = Math.max(source.lastIndexOf("\n", start - 1), source.lastIndexOf("\r", start - 1)) + 1;
  const [indent = ""] = /^[ \t]*/.exec(source.slice(line)) ?? [];
  return [insert(line, `${indent}// perdure-ignore ${code}\n`, `Turn ${code} off here`)];
}

/** The fixes of the problems that have an obvious one. */
const fixes: { readonly [C in DiagnosticCode]?: FixesOf<C> } = {
  DIRECTIVE_MISSPELT: ({ meant }, at) => [replace(at, meant, `Change to "${meant}"`)],
  DIRECTIVE_DUPLICATE: ({ directive }, at) => [withoutStatement(at, directive)],
  DIRECTIVE_CONFLICT: ({ second }, at) => [withoutStatement(at, second)],
  DIRECTIVE_CONTINUED: (_, { end }) => [insert(end, ";", "Add a semicolon")],
  DIRECTIVE_SYNTAX: ({ found }, at) => addEquals(found, at),
  DIRECTIVE_ARGUMENT_UNKNOWN({ name, suggestion }, at) {
    if (name === "") return addEquals(at.source.slice(at.start, at.end), at);
    return suggestion === undefined ? none : [rename(at, name, suggestion)];
  },
  DIRECTIVE_ARGUMENT_INVALID({ value, expected, meant }, at) {
    // a number without a unit means both readings to some of its readers
    const bare = /^\d+(?:\.\d+)?$/.test(value) && Number(value) > 0 && expected.includes("duration");
    const readings = bare ? [`${value}ms`, `${value}s`] : meant === undefined ? [] : [meant];
    return readings.map((each) => changeValue(at, value, each));
  },
  DIRECTIVE_ARGUMENT_DUPLICATE: ({ name }, at) => [withoutArgument(at, name)],
  PLACEHOLDER_UNKNOWN({ placeholder, suggestion }, at) {
    const root = rootOf(placeholder);
    // `{order.}` is wrong although its parameter is right
    return suggestion === undefined || suggestion === root
      ? none
      : [changeValue(at, placeholder, suggestion + placeholder.slice(root.length))];
  },
  TASK_NOT_ASYNC: ({ asyncAt }) => addAsync(asyncAt),
  WORKFLOW_NOT_ASYNC: ({ asyncAt }) => addAsync(asyncAt),
  MODULE_EXPORT_NOT_ASYNC: ({ asyncAt }) => addAsync(asyncAt),
  UNAWAITED_CALL: (_, { start }) => [
    insert(start, "await ", `Add "await"`),
    insert(start, "void ", `Add "void": the workflow does not wait for it`),
  ],
};

/** `order` of `order.id` and `order[0]`. */
const rootOf = (placeholder: string): string => placeholder.split(/[.[]/, 1)[0] ?? placeholder;

export function fixesOf<C extends DiagnosticCode>(
  code: C,
  severity: Severity,
  params: DiagnosticParams<C>,
  at: Place,
): readonly Fix[] {
  const own = fixes[code]?.(params, at) ?? none;
  return severity === "warning" && code !== "IGNORE_UNUSED" ? [...own, ...ignore(code, at)] : own;
}
