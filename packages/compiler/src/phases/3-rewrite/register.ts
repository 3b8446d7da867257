import { isFunction } from "../../ast.ts";
import type { Edit, Entry } from "../2-analyze/plan.ts";
import { afterPrologue, impliedSemicolon } from "./block.ts";
import { jsonLiteral, type RewriteContext } from "./context.ts";

/** `export default async function () {}` → `export default async function $perdure_default() {}` */
export function nameFunction({ node }: Extract<Edit, { kind: "name" }>, { out, names, parsed }: RewriteContext): void {
  const from = parsed.skip(node.start + (node.async ? "async".length : 0));
  if (isFunction(node)) out.open(from + "function".length, ` ${names.unnamed}`, node);
}

/** `async () => {}` → `$m().define(async () => {}, 0, 0)` */
export function defineExpression({ node, entry }: Extract<Edit, { kind: "expression" }>, { out, call, parsed }: RewriteContext): void {
  const semicolon = node.type === "ArrowFunctionExpression" ? impliedSemicolon(node.end, parsed) : "";
  out.open(node.start, call("define"), node);
  out.close(node.end, `, ${entry.index}, ${entry.length})${semicolon}`, node);
}

/** `{ async f() {} }` → `$m().methods({ async f() {} }, [["f", 0, 0]])` */
export function defineMethods({ node, entries }: Extract<Edit, { kind: "object" }>, { out, call }: RewriteContext): void {
  const list = entries.map(({ key, index, length }) => `[${jsonLiteral(key)}, ${index}, ${length}]`);
  out.open(node.start, call("methods"), node);
  out.close(node.end, `, [${list.join(", ")}])`, node);
}

/** `{ async f() {}, ...others }` → `{ ["f"]: $m().define({ async f() {} }["f"], 0, 0), ...others }` */
export function defineMethod({ node, entry }: Extract<Edit, { kind: "method" }>, { out, call }: RewriteContext): void {
  const key = jsonLiteral(entry.key);
  out.open(node.start, `[${key}]: ${call("define")}{ `, node);
  out.close(node.end, ` }[${key}], ${entry.index}, ${entry.length})`, node);
}

/** `class { async f() {} }` → `class { async f() {} static { $m().define(this.prototype.f, 0, 0); } }` */
export function defineClass({ node, entries }: Extract<Edit, { kind: "class" }>, { out, call }: RewriteContext): void {
  const calls = entries.map(({ key, index, length, isStatic }) => {
    const access = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${jsonLiteral(key)}]`;
    return `${call("define")}this${isStatic ? "" : ".prototype"}${access}, ${index}, ${length});`;
  });
  // the semicolon ends a field that has none
  out.close(node.body.end - 1, `; static { ${calls.join(" ")} } `, node.body);
}

/** `{ async function f() {} }` → `{ $m().define(f, 0, 0); async function f() {} }` */
export function defineInBlock({ node, entries }: Extract<Edit, { kind: "block" }>, context: RewriteContext): void {
  const { at, separator } = afterPrologue(node, context.parsed);
  context.out.open(at, `${separator} ${defineCalls(entries, context)}`, node);
}

export const defineCalls = (entries: readonly Entry[], { call, names }: RewriteContext): string =>
  entries.map(({ key, index, length }) => `${call("define")}${key === "default" ? names.unnamed : key}, ${index}, ${length});`).join(" ");
