import { ts } from "ts-morph";

/** What the runtime's codec does with a value of a type that JavaScript or Node itself has. */
export type Known =
  /** It is stored as it is. */
  | "stored"
  /** Nothing can be said. */
  | "open"
  | "promise"
  | "function"
  /** It is stored with what its type arguments stand for, in this order. */
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
  // an array, a map or a set is one of these
  ["Iterable", { holds: ["[number]"] }],
  ["Map", { holds: [".keys()", ".get(…)"] }],
  ["ReadonlyMap", { holds: [".keys()", ".get(…)"] }],
  ["Set", { holds: [".values()"] }],
  ["ReadonlySet", { holds: [".values()"] }],
]);

const platform = /\/node_modules\/(?:@types\/(?:node|bun|deno|web)|undici-types|bun-types|@typescript\/lib-[^/]+)\//;

/** Whether the symbol belongs to JavaScript or the platform, and not to a class that somebody named alike. */
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

/** `Temporal` may come from a polyfill: the codec goes by what an instance calls itself. */
function namespaceOf({ declarations = [] }: ts.Symbol): string | undefined {
  const block = declarations[0]?.parent;
  const namespace = block && ts.isModuleBlock(block) ? block.parent : undefined;
  return namespace && ts.isIdentifier(namespace.name) ? namespace.name.text : undefined;
}
