import { ABI_HANDLE, ABI_NAMESPACE } from "@perdure/protocol";
import type { Parsed } from "../1-parse/parse.ts";
import type { Insertions } from "./insertions.ts";

/** The names that emitted code binds. */
export interface Names {
  readonly namespace: string;
  /** A call of it is the module's handle. */
  readonly handle: string;
  readonly args: string;
  /** The name of the anonymous default function. */
  readonly unnamed: string;
  loop(index: number): string;
  param(index: number): string;
}

export interface RewriteContext {
  readonly parsed: Parsed;
  readonly out: Insertions;
  readonly names: Names;
  /** The emitted call of an operation of the module's handle, open at its arguments. */
  call(operation: string): string;
}

export function createContext(parsed: Parsed, out: Insertions, prefix: string): RewriteContext {
  const handle = ABI_HANDLE.replace(ABI_NAMESPACE, () => prefix);
  const names: Names = {
    namespace: prefix,
    handle,
    args: `${prefix}_a`,
    unnamed: `${prefix}_default`,
    loop: (index) => `${prefix}_l${index}`,
    param: (index) => `${prefix}_p${index}`,
  };
  return { parsed, out, names, call: (operation) => `${handle}().${operation}(` };
}

/** JSON that is also JavaScript, in a script element too. */
export const jsonLiteral = (value: unknown): string =>
  JSON.stringify(value).replace(/<(?=[/!])/g, "\\u003c").replace(/[\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
