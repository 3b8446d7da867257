import { ABI_HANDLE, ABI_NAMESPACE } from "@perdure/protocol";
import type { FunctionNode } from "../../../syntax/ast.ts";
import type { Parsed } from "../../1-parse/parse.ts";
import type { Insertions } from "./insertions.ts";

/** The names that emitted code binds. */
interface Names {
  readonly namespace: string;
  /** A call of it is the module's handle. */
  readonly handle: string;
  readonly args: string;
  /** A method around a body. */
  readonly fn: string;
  /** What is made together with a function or object, to tell it from others of the same place. */
  readonly own: string;
  /** The name of the anonymous default function. */
  readonly unnamed: string;
  loop(index: number): string;
  /** What a loop takes from its iterable, before it is assigned. */
  item(index: number): string;
  /** A block of clean-up. */
  cleanUp(index: number): string;
  /** A block with `using` declarations, and what begins the clean-up of each. */
  disposal(index: number): string;
  disposalBegin(index: number, declaration: number): string;
  param(index: number): string;
  /** The value of a computed key. */
  slot(index: number): string;
}

export interface RewriteContext {
  readonly parsed: Parsed;
  readonly out: Insertions;
  readonly names: Names;
  /** The emitted call of an operation of the module's handle, open at its arguments. */
  call(operation: string): string;
  /** Where functions were inserted into which bodies were moved: an offset in a text that occurs once in the output, and the function that had the body. */
  readonly inner: { readonly text: string; readonly offset: number; readonly of: FunctionNode }[];
  /** The prototype of an object whose methods have the `super` of the function around it. */
  readonly superObject: string;
}

export function createContext(parsed: Parsed, out: Insertions, prefix: string): RewriteContext {
  const handle = ABI_HANDLE.replace(ABI_NAMESPACE, () => prefix);
  const names: Names = {
    namespace: prefix,
    handle,
    args: `${prefix}_a`,
    fn: `${prefix}_f`,
    own: `${prefix}_o`,
    unnamed: `${prefix}_default`,
    loop: (index) => `${prefix}_l${index}`,
    item: (index) => `${prefix}_i${index}`,
    cleanUp: (index) => `${prefix}_c${index}`,
    disposal: (index) => `${prefix}_u${index}`,
    disposalBegin: (index, declaration) => `${prefix}_u${index}_${declaration}`,
    param: (index) => `${prefix}_p${index}`,
    slot: (index) => `${prefix}_k${index}`,
  };
  const call = (operation: string): string => `${handle}().${operation}(`;
  const superObject = `${call("parent")}(${prefix}_k) => super[${prefix}_k], (${prefix}_k, ${prefix}_v) => { super[${prefix}_k] = ${prefix}_v; })`;
  return { parsed, out, names, call, inner: [], superObject };
}

/** The argument that tells the function objects of one function apart. */
export const ownText = (own: "variable" | { readonly name: string } | undefined, { names }: RewriteContext): string =>
  own === undefined ? "" : own === "variable" ? names.own : own.name;

/** JSON that is also JavaScript, in a script element too. */
export const jsonLiteral = (value: unknown): string =>
  JSON.stringify(value)
    .replace(/<(?=[/!])/g, "\\u003c")
    .replace(/[\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);

interface Named {
  readonly before: string;
  readonly after: string;
  /** Where in `before` the expression, or the property that it is the value of, begins. */
  readonly start: number;
}

/** What stands before and behind a function expression that is to have the name `label`: `{ f: () => {} }.f` */
export function named(label: string | undefined): Named {
  if (label === undefined) return { before: "", after: "", start: 0 };
  const isName = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(label) && label !== "__proto__";
  const key = isName ? label : `[${jsonLiteral(label)}]`;
  return { before: `{ ${key}: `, start: 2, after: ` }${isName ? "." : ""}${key}` };
}
