import { createHash } from "node:crypto";
import type { Node, Program } from "oxc-parser";
import { children } from "./ast.ts";

/** Hash of the code. Layout, comments, quote style and type annotations do not affect it. */
export function hashProgram(program: Program): string {
  let text = "";
  const visit = (node: Node): void => {
    if (node.type === "ParenthesizedExpression") return visit(node.expression);
    text += `(${node.type}`;
    const fields = fieldsOf(node);
    for (const key in fields) {
      // fields that describe how a node is written, not what it means
      if (key === "type" || key === "start" || key === "end" || key === "raw" || key === "parent" || key === "range")
        continue;
      const value = fields[key];
      if (typeof value === "boolean") text += value ? ` ${key}=true` : ` ${key}=false`;
      else if (typeof value === "string" || typeof value === "number") text += ` ${key}=${JSON.stringify(value)}`;
      else if (value !== null && !Array.isArray(value)) text += plain(key, value);
    }
    for (const child of children(node)) visit(child);
    text += ")";
  };
  visit(program);
  return digest(text);
}

const fieldsOf = (node: object): Readonly<Record<string, unknown>> => node as Readonly<Record<string, unknown>>;

/** One hash for several pieces of code. Their order does not affect it. "" if there are none. */
export const combineHashes = (hashes: readonly string[]): string =>
  hashes.length === 0 ? "" : digest([...hashes].sort().join(" "));

export const digest = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, 16);

/** A field that is not a child node: a literal value. "" for one that is. */
function plain(key: string, value: unknown): string {
  if (typeof value === "bigint") return ` ${key}=${value}n`;
  const isData = typeof value === "object" && value !== null && !("type" in value);
  return isData ? ` ${key}=${value instanceof RegExp ? String(value) : JSON.stringify(value)}` : "";
}
