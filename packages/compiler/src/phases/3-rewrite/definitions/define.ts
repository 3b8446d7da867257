import { isFunction } from "../../../syntax/ast.ts";
import type { Edit, Entry, MethodEntry, NamedEntry, Own } from "../../2-analyze/plan/edits.ts";
import { keyText } from "../computed-keys/key-text.ts";
import { afterPrologue, impliedSemicolon } from "../text/block.ts";
import { jsonLiteral, ownText, type RewriteContext } from "../text/context.ts";
import { outside } from "../text/insertions.ts";

/** `export default async function () {}` → `export default async function $perdure_default() {}` */
export function nameFunction({ node }: Extract<Edit, { kind: "name" }>, { out, names, parsed }: RewriteContext): void {
  const from = parsed.skip(node.start + (node.async ? "async".length : 0));
  if (isFunction(node)) out.open(from + "function".length, ` ${names.unnamed}`, node);
}

/**
 *     const f = async () => {}    →  const f = $m().define(async () => {}, 0, 0, "f")
 *     fs.push(async () => BODY)   →  fs.push($m().own(($o) => $m().define(async () => BODY, 0, 0, undefined, $o)))   where there may be several
 */
export function defineExpression(
  { node, entry, named }: Extract<Edit, { kind: "expression" }>,
  context: RewriteContext,
): void {
  const { out, call, parsed } = context;
  const semicolon = node.type === "ArrowFunctionExpression" ? impliedSemicolon(node.end, parsed) : "";
  const name = named === undefined ? undefined : keyText(named, context);
  const { open, close } = withOwn(entry.own, context);
  out.open(node.start, `${open}${call("define")}`, node);
  out.close(node.end, `, ${defineArguments(entry, name, context)})${close}${semicolon}`, node);
}

/** What stands around an expression that makes its own variable. */
const withOwn = (
  own: Own | undefined,
  { call, names }: RewriteContext,
): { readonly open: string; readonly close: string } =>
  own === "variable" ? { open: `${call("own")}(${names.own}) => `, close: ")" } : { open: "", close: "" };

/** The arguments of `define` after the function. */
const defineArguments = ({ index, length, own }: Entry, name: string | undefined, context: RewriteContext): string =>
  [index, length, ...(own ? [name ?? "undefined", ownText(own, context)] : name === undefined ? [] : [name])].join(
    ", ",
  );

/** `{ async f() {} }` → `$m().methods({ async f() {} }, [["f", 0, 0]])` */
export function defineMethods({ node, entries }: Extract<Edit, { kind: "object" }>, context: RewriteContext): void {
  const { out, call } = context;
  const own = entries.find((each) => each.own)?.own;
  const { open, close } = withOwn(own, context);
  out.open(node.start, `${open}${call("methods")}`, node);
  out.close(node.end, `, ${methodsArguments(entries, own, context)})${close}`, node);
}

/** `{ async f() {}, ...others }` → `$m().methods({ ["f"]: $m().define({ async f() {} }["f"], 0, 0), ...others }, [["f", 0]])` */
export function defineMethod(
  { node, key: name, entry }: Extract<Edit, { kind: "method" }>,
  context: RewriteContext,
): void {
  const { out, call } = context;
  const key = jsonLiteral(name);
  out.open(node.start, `[${key}]: ${call("define")}{ `, node);
  out.close(node.end, ` }[${key}], ${defineArguments(entry, undefined, context)})`, node);
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
    open.length > 0 && `${call("methods")}${self}, ${methodsArguments(open, open[0]?.own, context)});`,
    members.length > 0 &&
      `${call("methods")}${self}.prototype, ${methodsArguments(members, members[0]?.own, context)});`,
    ...statics
      .filter(isPrivate)
      .map(
        ({ key, index, length = 0, own }) =>
          `${call("define")}${self}.${String(key)}, ${defineArguments({ index, length, own }, undefined, context)});`,
      ),
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

export const defineCalls = (entries: readonly NamedEntry[], context: RewriteContext, end = ";"): string =>
  entries
    .map((entry) => {
      const isDefault = entry.name === "default";
      const given = defineArguments(entry, isDefault ? `"default"` : undefined, context);
      return `${context.call("define")}${isDefault ? context.names.unnamed : entry.name}, ${given})${end}`;
    })
    .join(" ");

const methodsArguments = (entries: readonly MethodEntry[], own: Own | undefined, context: RewriteContext): string =>
  `${entryList(entries, context)}${own ? `, ${ownText(own, context)}` : ""}`;

const entryList = (entries: readonly MethodEntry[], context: RewriteContext): string =>
  `[${entries.map(({ key, index, length }) => `[${keyText(key, context)}, ${index}${length === undefined ? "" : `, ${length}`}]`).join(", ")}]`;
