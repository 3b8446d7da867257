import { ts } from "ts-morph";

/** How the runtime's codec treats values of a type that is built into JavaScript or Node. */
export type Known =
  /** The value is stored unchanged. */
  | "stored"
  /** Nothing can be concluded from the type. */
  | "open"
  | "promise"
  | "function"
  /** The value is stored with values of its type arguments. Their paths are listed in order. */
  | { readonly holds: readonly string[] };

const typedArrays = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
];
const stored = [
  "Date",
  "RegExp",
  "URL",
  "URLSearchParams",
  "ArrayBuffer",
  "DataView",
  "Buffer",
  ...typedArrays,
  "Error",
  "String",
  "Number",
  "Boolean",
  "BigInt",
];
const temporal = [
  "Duration",
  "Instant",
  "PlainDate",
  "PlainDateTime",
  "PlainMonthDay",
  "PlainTime",
  "PlainYearMonth",
  "ZonedDateTime",
];

const known: ReadonlyMap<string, Known> = new Map<string, Known>([
  ...stored.map((name) => [name, "stored"] as const),
  ...temporal.map((name) => [`Temporal.${name}`, "stored"] as const),
  ["Object", "open"],
  ["Promise", "promise"],
  ["PromiseLike", "promise"],
  ["Function", "function"],
  ["CallableFunction", "function"],
  ["NewableFunction", "function"],
  ["Array", { holds: ["[number]"] }],
  ["ReadonlyArray", { holds: ["[number]"] }],
  ["ArrayLike", { holds: ["[number]"] }],
  // a value of this type is an array, a map or a set
  ["Iterable", { holds: ["[number]"] }],
  ["Map", { holds: [".keys()", ".get(…)"] }],
  ["ReadonlyMap", { holds: [".keys()", ".get(…)"] }],
  ["Set", { holds: [".values()"] }],
  ["ReadonlySet", { holds: [".values()"] }],
]);

const platform = /\/node_modules\/(?:@types\/(?:node|bun|deno|web)|undici-types|bun-types|@typescript\/lib-[^/]+)\//;

/** Whether the symbol belongs to JavaScript or the platform, as opposed to a user's class of the same name. */
export const isPlatform = ({ declarations = [] }: ts.Symbol, program: ts.Program): boolean =>
  declarations.some((each) => {
    const file = each.getSourceFile();
    return program.isSourceFileDefaultLibrary(file) || platform.test(file.fileName);
  });

export function knownType(symbol: ts.Symbol, program: ts.Program): Known | undefined {
  const name = known.has(symbol.name) ? symbol.name : `Temporal.${symbol.name}`;
  const found = known.get(name);
  if (found === undefined) return undefined;
  const inTemporal = name.startsWith("Temporal.") && namespaceOf(symbol) === "Temporal";
  return inTemporal || (name === symbol.name && isPlatform(symbol, program)) ? found : undefined;
}

/** `Temporal` may come from a polyfill, and the codec recognizes instances by their `Symbol.toStringTag`. So the namespace is what counts. */
function namespaceOf({ declarations = [] }: ts.Symbol): string | undefined {
  const block = declarations[0]?.parent;
  const namespace = block && ts.isModuleBlock(block) ? block.parent : undefined;
  return namespace && ts.isIdentifier(namespace.name) ? namespace.name.text : undefined;
}
