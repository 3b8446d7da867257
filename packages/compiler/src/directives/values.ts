import { closest, BACKOFF_DEFAULTS, parseDuration, type BackoffSpec } from "@perdure/protocol";
import type { DiagnosticParams } from "../diagnostics/messages.ts";
import { parseArguments, type Argument } from "./arguments.ts";
import { report, type DirectiveProblem } from "./problem.ts";

/** @param meant - the value that was probably meant */
export const invalid = (found: DirectiveProblem[], arg: Argument, expected: string, meant?: string): undefined =>
  report(found, "DIRECTIVE_ARGUMENT_INVALID", { name: arg.name, value: arg.value, expected, meant }, arg);

/** A bare number could mean milliseconds, as in the options, or seconds, as in Python. */
export const bareNumber = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d+)(?:e[+-]?\d+)?$/i;

export function duration(
  arg: Argument | undefined,
  found: DirectiveProblem[],
  sign: "positive" | "any" = "any",
): number | undefined {
  if (!arg) return undefined;
  const { value: text } = arg;
  const kind = sign === "any" ? "a duration" : "a duration above zero";
  if (bareNumber.test(text))
    return invalid(found, arg, `${kind} with its unit: write ${text}ms for milliseconds, or ${text}s for seconds`);
  const value = parseDuration(text);
  if (value !== undefined && (sign === "any" || value > 0)) return value;
  return invalid(found, arg, `${kind}${sign === "any" ? "" : ","} such as 250ms, 60s, 5m, 2h, 3d`);
}

export function integer(arg: Argument | undefined, found: DirectiveProblem[], least = 0): number | undefined {
  if (!arg) return undefined;
  if (/^-?\d{1,9}$/.test(arg.value) && Number(arg.value) >= least) return Number(arg.value) + 0; // no -0
  return invalid(found, arg, `a whole number${least === Number.NEGATIVE_INFINITY ? "" : `, ${least} or more`}`);
}

/** One of a few words. */
export function choice<W extends string>(
  arg: Argument | undefined,
  found: DirectiveProblem[],
  words: readonly W[],
): W | undefined {
  if (!arg) return undefined;
  const chosen = words.find((each) => each === arg.value);
  return chosen ?? invalid(found, arg, `one of ${words.join(", ")}`, closest(arg.value, words));
}

/** The names of loops in step ids. */
const loops = new Set(["for", "while", "do"]);

/** A name as functions and methods have it: `charge`, `Billing.charge`. */
export function readName(arg: Argument | undefined, found: DirectiveProblem[]): string | undefined {
  if (!arg) return undefined;
  if (
    /^[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*$/u.test(arg.value) &&
    !loops.has(arg.value)
  )
    return arg.value;
  return invalid(found, arg, "a name like that of a function or method, such as charge or Billing.charge");
}

function fraction(arg: Argument | undefined, found: DirectiveProblem[]): number | undefined {
  if (!arg) return undefined;
  const value = /^\d+(?:\.\d+)?$/.test(arg.value) ? Number(arg.value) : 0;
  return value >= 1 ? value : invalid(found, arg, "a number, 1 or more");
}

export function flag(arg: Argument | undefined, found: DirectiveProblem[]): boolean | undefined {
  if (!arg) return undefined;
  if (arg.value === "true" || arg.value === "false") return arg.value === "true";
  return invalid(found, arg, "true or false");
}

/** The backoff functions and their arguments. */
export const backoffs = {
  exponential: { required: [], optional: ["base", "max", "jitter"] },
  linear: { required: [], optional: ["start", "step"] },
  constant: { required: ["delay"], optional: [] },
} as const satisfies Record<string, { required: readonly string[]; optional: readonly string[] }>;

export type BackoffName = keyof typeof backoffs;
const isBackoff = (name: string): name is BackoffName => Object.hasOwn(backoffs, name);

/** `exponential(base=2, max=60s, jitter=true)`, `linear(start=1s, step=2s)`, `constant(5s)`. The first two have defaults. */
export function readBackoff(arg: Argument | undefined, found: DirectiveProblem[]): BackoffSpec | undefined {
  if (!arg) return undefined;
  const match = /^([A-Za-z_$][\w$]*)\s*(?:\((.*)\))?$/s.exec(arg.value);
  const kind = match?.[1] ?? "";
  if (!match || !isBackoff(kind)) {
    const meant = closest(kind, Object.keys(backoffs));
    return invalid(
      found,
      arg,
      `exponential(…), linear(…) or constant(…)${meant && meant !== kind ? `; did you mean ${meant}(…)?` : ""}`,
      meant === undefined ? undefined : meant + arg.value.slice(kind.length),
    );
  }
  const open = arg.value.indexOf("(");
  const from = arg.valueStart + open + 1;
  const inner = match[2]?.trim()
    ? parseArguments(pad(arg), from, from + (match[2]?.length ?? 0))
    : { args: [], problems: [] };
  found.push(...inner.problems);
  return build(kind, named(kind, inner.args, arg, found), found);
}

/** The value padded with spaces, so that its offset is the same as in the directive. */
const pad = (arg: Argument): string => " ".repeat(arg.valueStart) + arg.value;

/** The arguments of a backoff by name. `undefined` if one is missing or wrong. */
function named(
  kind: BackoffName,
  args: readonly Argument[],
  call: Argument,
  found: DirectiveProblem[],
): Map<string, Argument> | undefined {
  const { required, optional } = backoffs[kind];
  const names: readonly string[] = [...required, ...optional];
  const result = new Map<string, Argument>();
  const before = found.length;
  for (const arg of args) {
    const name = arg.name === "" && kind === "constant" ? "delay" : arg.name;
    if (name === "") report(found, "DIRECTIVE_SYNTAX", { found: arg.value }, arg);
    else if (!names.includes(name)) {
      report(
        found,
        "DIRECTIVE_ARGUMENT_UNKNOWN",
        { name, owner: `${kind}()`, known: names, suggestion: closest(name, names) },
        arg,
      );
    } else if (result.has(name)) report(found, "DIRECTIVE_ARGUMENT_DUPLICATE", { name }, arg);
    else result.set(name, { ...arg, name });
  }
  for (const name of required) {
    if (!result.has(name) && found.length === before)
      report(found, "DIRECTIVE_ARGUMENT_MISSING", missing(kind, name), call);
  }
  return found.length === before ? result : undefined;
}

const missing = (kind: BackoffName, name: string): DiagnosticParams<"DIRECTIVE_ARGUMENT_MISSING"> => ({
  owner: `${kind}()`,
  needed: [name],
  advice: `add ${name}=… inside the parentheses of ${kind}()`,
});

function build(
  kind: BackoffName,
  args: Map<string, Argument> | undefined,
  found: DirectiveProblem[],
): BackoffSpec | undefined {
  if (!args) return undefined;
  const before = found.length;
  const given = valuesOf(kind, args, found);
  return found.length === before ? given : undefined;
}

function valuesOf(kind: BackoffName, args: Map<string, Argument>, found: DirectiveProblem[]): BackoffSpec | undefined {
  if (kind === "exponential") {
    const base = fraction(args.get("base"), found);
    const max = duration(args.get("max"), found, "positive");
    const jitter = flag(args.get("jitter"), found);
    const unlessGiven = base === undefined ? BACKOFF_DEFAULTS.exponential : { base };
    return { kind, ...unlessGiven, ...(max !== undefined && { max }), ...(jitter !== undefined && { jitter }) };
  }
  if (kind === "linear") {
    const { start, step } = BACKOFF_DEFAULTS.linear;
    const given = { start: duration(args.get("start"), found), step: duration(args.get("step"), found) };
    return { kind, start: given.start ?? start, step: given.step ?? step };
  }
  const delay = duration(args.get("delay"), found);
  return delay === undefined ? undefined : { kind, delay };
}
