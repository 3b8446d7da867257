import { isFunction } from "../../../syntax/ast.ts";
import type { Edit, MethodEntry, NamedEntry } from "../../2-analyze/plan/edits.ts";
import { keyText } from "../computed-keys/key-text.ts";
import { afterPrologue, impliedSemicolon } from "../text/block.ts";
import { jsonLiteral, type RewriteContext } from "../text/context.ts";
import { outside } from "../text/insertions.ts";

/** `export default async function () {}` → `export default async function $perdure_default() {}` */
export function nameFunction({ node }: Extract<Edit, { kind: "name" }>, { out, names, parsed }: RewriteContext): void {
  const from = parsed.skip(node.start + (node.async ? "async".length : 0));
  if (isFunction(node)) out.open(from + "function".length, ` ${names.unnamed}`, node);
}

/** `const f = async () => {}` → `const f = $m().define(async () => {}, 0, 0, "f")` */
export function defineExpression(
  { node, entry, named }: Extract<Edit, { kind: "expression" }>,
  context: RewriteContext,
): void {
  const { out, call, parsed } = context;
  const semicolon = node.type === "ArrowFunctionExpression" ? impliedSemicolon(node.end, parsed) : "";
  const name = named === undefined ? "" : `, ${keyText(named, context)}`;
  out.open(node.start, call("define"), node);
  out.close(node.end, `, ${entry.index}, ${entry.length}${name})${semicolon}`, node);
}

/** `{ async f() {} }` → `$m().methods({ async f() {} }, [["f", 0, 0]])` */
export function defineMethods({ node, entries }: Extract<Edit, { kind: "object" }>, context: RewriteContext): void {
  const { out, call } = context;
  out.open(node.start, call("methods"), node);
  out.close(node.end, `, ${entryList(entries, context)})`, node);
}

/** `{ async f() {}, ...others }` → `$m().methods({ ["f"]: $m().define({ async f() {} }["f"], 0, 0), ...others }, [["f", 0]])` */
export function defineMethod(
  { node, key: name, entry }: Extract<Edit, { kind: "method" }>,
  { out, call }: RewriteContext,
): void {
  const key = jsonLiteral(name);
  out.open(node.start, `[${key}]: ${call("define")}{ `, node);
  out.close(node.end, ` }[${key}], ${entry.index}, ${entry.length})`, node);
}

/** `class A { async f() {} }` → `class A { static { $m().methods(A.prototype, [["f", 0, 0]]); } async f() {} }` */
export function defineClass(
  { node, entries: { statics, members } }: Extract<Edit, { kind: "class" }>,
  context: RewriteContext,
): void {
  const { out, call } = context;
  // TypeScript leaves no `this` in the static blocks of a class with decorators of the older kind
  const self = node.id?.name ?? "this";
  const isPrivate = ({ key }: MethodEntry): boolean => typeof key === "string" && key.startsWith("#");
  const open = statics.filter((each) => !isPrivate(each));
  const calls = [
    open.length > 0 && `${call("methods")}${self}, ${entryList(open, context)});`,
    members.length > 0 && `${call("methods")}${self}.prototype, ${entryList(members, context)});`,
    ...statics
      .filter(isPrivate)
      .map(({ key, index, length }) => `${call("define")}${self}.${String(key)}, ${index}, ${length});`),
  ];
  // before all else that is static, which may use them
  out.open(node.body.start + 1, ` static { ${calls.filter((each) => each !== false).join(" ")} }`, node.body);
}

/**
 *     class Declined extends Error {}                →  class Declined extends Error {} $m().errorClass(Declined, "Declined", true);
 *     { Declined: class extends Error {} }           →  { Declined: class extends Error { static { $m().errorClass(this, "Declined"); } } }
 *
 * Nothing is put into a declaration: some tools rename a class with static blocks, and errors often have the name of their class.
 */
export function defineErrorClass(
  { node, name, isLocal }: Extract<Edit, { kind: "errorClass" }>,
  { out, call }: RewriteContext,
): void {
  const register = (self: string): string =>
    ` ${call("errorClass")}${self}, ${jsonLiteral(name)}${isLocal ? ", true" : ""});`;
  if (node.type === "ClassDeclaration" && node.id) out.close(node.end, register(node.id.name), outside(node));
  else out.open(node.body.start + 1, ` static {${register("this")} }`, node.body);
}

/**
 *     { async function f() {} }                  →  { $m().define(f, 0, 0); async function f() {} }
 *     switch (x) { case 1: async function f… }   →  switch (x) { case $m().define(f, 0, 0), 1: async function f… }
 */
export function defineInBlock({ node, entries }: Extract<Edit, { kind: "block" }>, context: RewriteContext): void {
  const test = node.type === "SwitchStatement" ? node.cases.find((each) => each.test)?.test : undefined;
  if (test) return context.out.open(test.start, `${defineCalls(entries, context, ",")} `, node);
  const { at, separator } = afterPrologue(node, context.parsed);
  context.out.open(at, `${separator} ${defineCalls(entries, context)}`, node);
}

export const defineCalls = (entries: readonly NamedEntry[], { call, names }: RewriteContext, end = ";"): string =>
  entries
    .map(
      ({ name, index, length }) =>
        `${call("define")}${name === "default" ? names.unnamed : name}, ${index}, ${length}${name === "default" ? `, "default"` : ""})${end}`,
    )
    .join(" ");

const entryList = (entries: readonly MethodEntry[], context: RewriteContext): string =>
  `[${entries.map(({ key, index, length }) => `[${keyText(key, context)}, ${index}${length === undefined ? "" : `, ${length}`}]`).join(", ")}]`;
