import { Visitor } from "oxc-parser";
import MagicString, { type SourceMap } from "magic-string";
import type { FunctionNode } from "../../syntax/ast.ts";
import type { Parsed } from "../1-parse/parse.ts";
import type { Edit, Plan } from "../2-analyze/plan/edits.ts";
import { rewriteGenerator } from "./bodies/generator.ts";
import { outerParts } from "./bodies/parameters.ts";
import { rewriteRun } from "./bodies/run.ts";
import { rewriteScope } from "./bodies/scope.ts";
import { keepKey } from "./computed-keys/keep-key.ts";
import { keepKeysIn } from "./computed-keys/slots.ts";
import {
  defineClass,
  defineErrorClass,
  defineExpression,
  defineInBlock,
  defineMethod,
  defineMethods,
  nameFunction,
} from "./definitions/define.ts";
import { rewriteChance } from "./inside/chance.ts";
import { rewriteCleaning, rewriteCleanUp, rewriteUsing } from "./inside/clean-up.ts";
import { rewriteLoop } from "./inside/loop.ts";
import { rewritePassed, rewriteSite } from "./inside/site.ts";
import { prelude } from "./prelude.ts";
import { lastBefore } from "./text/block.ts";
import { createContext, type RewriteContext } from "./text/context.ts";
import { Insertions, type Span } from "./text/insertions.ts";
import { exactMap, type Place } from "./text/map.ts";

/** @param isMeasured - whether the coverage of the output may be measured */
export function rewrite(
  parsed: Parsed,
  plan: Plan,
  isMeasured = false,
): { readonly code: string; readonly map: SourceMap } {
  const code = new MagicString(parsed.source);
  const out = new Insertions();
  const context = createContext(parsed, out, plan.prefix);
  // removing a piece takes what was inserted at its edges with it: first all removals, then all insertions
  const replaced = plan.edits.flatMap((edit) => (edit.kind === "directive" ? [edit.statement] : []));
  const removed = plan.edits.flatMap((edit) => (edit.kind === "directive" ? [] : outerParts(edit)));
  for (const each of replaced) removeDirective(each, parsed, code);
  for (const { start, end } of removed) code.remove(start, end);
  for (const edit of plan.edits) apply(edit, context);
  out.open(plan.prelude.at, prelude(plan, context, isMeasured), { start: -1, end: Number.POSITIVE_INFINITY });
  out.applyTo(code);
  const output = code.toString();
  const cuts = [...out.cuts(), ...[...replaced, ...removed].flatMap(({ start, end }) => [start, end])];
  return {
    code: output,
    map: exactMap(code, parsed.file, { replaced, cuts, places: innerFunctions(output, context) }),
  };
}

/**
 * Where inner functions begin in the output, with the place of the name of the function whose body each has. Tools that measure coverage know a function by the
 * place of its name, in a class by that of the member: so they count the two as one.
 */
function innerFunctions(output: string, { inner, parsed }: RewriteContext): Place[] {
  if (inner.length === 0) return [];
  const members = new Map<number, number>();
  if (inner.some(({ of }) => of.type === "FunctionExpression"))
    new Visitor({ MethodDefinition: ({ start, value }) => void members.set(value.start, start) }).visit(parsed.program);
  return inner.flatMap(({ text, offset, of }) => {
    const at = output.indexOf(text) + offset;
    const from = members.get(of.start) ?? nameStart(of, parsed);
    // of a property, both parts: its key is the name, if it has one, and some tools look at its value
    const key = /^[\p{ID_Continue}$]+(?=: )/u.exec(output.slice(at, at + LONGEST_NAME))?.[0];
    if (key === undefined) return [{ at, from }];
    const end = parsed.source.startsWith(key, from) ? [{ at: at + key.length, from: from + key.length }] : [];
    return [{ at, from }, ...end, { at: at + key.length + 2, from }];
  });
}

const LONGEST_NAME = 1000;

/** Where the name of a function begins; of one without a name, where it begins, or would have its name as the default export. */
function nameStart({ id, start, type }: FunctionNode, { source }: Parsed): number {
  if (id) return id.start;
  if (type === "FunctionDeclaration") return source.indexOf("function", start) + "function".length;
  // the node of a method of an object begins behind its name
  if (type !== "FunctionExpression" || !/^[(<]/.test(source[start] ?? "")) return start;
  const before = source.slice(Math.max(0, start - LONGEST_NAME), start);
  const key = /#?[\p{ID_Continue}$]+\s*$/u.exec(before)?.[0];
  return start - (key?.length ?? 0);
}

function apply(edit: Edit, context: RewriteContext): void {
  switch (edit.kind) {
    case "directive":
      return;
    case "run":
      return rewriteRun(edit, context);
    case "scope":
      return rewriteScope(edit, context);
    case "generator":
      return rewriteGenerator(edit, context);
    case "loop":
      return rewriteLoop(edit, context);
    case "cleanUp":
      return rewriteCleanUp(edit, context);
    case "using":
      return rewriteUsing(edit, context);
    case "cleaning":
      return rewriteCleaning(edit, context);
    case "site":
      return rewriteSite(edit, context);
    case "passed":
      return rewritePassed(edit, context);
    case "chance":
      return rewriteChance(edit, context);
    case "name":
      return nameFunction(edit, context);
    case "expression":
      return defineExpression(edit, context);
    case "method":
      return defineMethod(edit, context);
    case "object":
      return defineMethods(edit, context);
    case "class":
      return defineClass(edit, context);
    case "errorClass":
      return defineErrorClass(edit, context);
    case "block":
      return defineInBlock(edit, context);
    case "key":
      return keepKey(edit, context);
    case "slots":
      return keepKeysIn(edit, context);
  }
}

/** Takes a directive out and leaves its line breaks. */
function removeDirective({ start, end }: Span, parsed: Parsed, code: MagicString): void {
  const breaks = parsed.source.slice(start, end).match(/\r\n|[\n\r\u2028\u2029]/g) ?? [];
  // what follows must not go on with a directive before this one that has no semicolon
  const semicolon = /["']/.test(lastBefore(start, parsed) ?? "") ? ";" : "";
  const rest = `${semicolon}${breaks.join("")}`;
  if (rest === "") code.remove(start, end);
  else code.update(start, end, rest);
}
