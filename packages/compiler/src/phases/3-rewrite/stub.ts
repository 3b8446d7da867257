import MagicString, { type SourceMap } from "magic-string";
import type { ImportDeclaration, Node } from "oxc-parser";
import { walk } from "../../syntax/ast.ts";
import type { Parsed } from "../1-parse/parse.ts";
import { exactMap } from "./text/map.ts";

/** The body of a function, and the message of the error that it throws instead. */
interface Stub {
  readonly node: Node;
  readonly error: string;
}

/**
 * `{ return fetch(url) }` → `{ throw new Error("…"); }`
 *
 * Imports that only these bodies use are removed, since a bundler for browsers may not find what they import. Line breaks stay.
 */
export function replaceBodies(
  parsed: Parsed,
  stubs: readonly Stub[],
): { readonly code: string; readonly map: SourceMap } | undefined {
  const outer = stubs.filter(({ node }) => !stubs.some((other) => other.node !== node && isIn(node, other.node)));
  if (outer.length === 0) return undefined;
  const code = new MagicString(parsed.source);
  const breaksIn = ({ start, end }: Node): string =>
    (parsed.source.slice(start, end).match(/\r\n|[\n\r\u2028\u2029]/g) ?? []).join("");
  for (const { node, error } of outer)
    code.update(node.start, node.end, `{ throw new Error(${JSON.stringify(error)});${breaksIn(node)} }`);
  const unused = importsOnlyIn(outer, parsed);
  for (const each of unused) code.update(each.start, each.end, `;${breaksIn(each)}`);
  const replaced = [...outer.map(({ node }) => node), ...unused];
  const cuts = replaced.flatMap(({ start, end }) => [start, end]);
  return { code: code.toString(), map: exactMap(code, parsed.file, { replaced, cuts, places: [] }) };
}

const isIn = (inner: Node, outer: Node): boolean => inner.start >= outer.start && inner.end <= outer.end;

/** The import declarations whose names occur in the bodies only. */
function importsOnlyIn(stubs: readonly Stub[], { program }: Parsed): ImportDeclaration[] {
  const imports = program.body.flatMap((node) =>
    node.type === "ImportDeclaration" && node.specifiers.length > 0 ? [node] : [],
  );
  const used = new Set<string>();
  walk(program, (node) => {
    if (node.type === "ImportDeclaration" || stubs.some((stub) => stub.node === node)) return false;
    if (node.type === "Identifier" || node.type === "JSXIdentifier") used.add(node.name);
    return true;
  });
  const inBodies = new Set<string>();
  for (const { node: body } of stubs)
    walk(body, (node) => void (node.type === "Identifier" && inBodies.add(node.name)));
  return imports.filter(
    ({ specifiers }) =>
      specifiers.every(({ local }) => !used.has(local.name)) &&
      specifiers.some(({ local }) => inBodies.has(local.name)),
  );
}
