import { types } from "node:util";

/** Deeper data is left to the codec that follows references. */
const DEPTH = 100;

/**
 * The value as JSON, if that keeps all of it: plain objects and arrays of text, finite numbers, booleans and null, each object once. Undefined
 * otherwise. No function of the value is called, and no getter read.
 */
export function jsonOf(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null) {
    if (hasToJson() || !isJsonObject(value, new Set(), DEPTH)) return undefined;
  } else if (!isJsonPrimitive(value)) return undefined;
  return JSON.stringify(value);
}

/** Somebody may have taught all objects to write themselves. */
const hasToJson = (): boolean => "toJSON" in Array.prototype;

function isJsonPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    default:
      return value === null;
  }
}

function isJsonObject(value: object, seen: Set<object>, depth: number): boolean {
  if (depth === 0 || seen.has(value) || types.isProxy(value)) return false;
  seen.add(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  const isList = Array.isArray(value);
  if (prototype !== (isList ? Array.prototype : Object.prototype)) return false;
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  const keys = Object.keys(value);
  // holes, properties of its own (the indexes come first among the keys), or the strings of a template
  const last = String(keys.length - 1);
  if (isList && (keys.length !== value.length || (keys.at(-1) ?? last) !== last || "raw" in value)) return false;
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    if (!("value" in property)) return false; // a getter
    const inner: unknown = property.value;
    if (typeof inner === "object" && inner !== null) {
      if (!isJsonObject(inner, seen, depth - 1)) return false;
    } else if (!isJsonPrimitive(inner)) return false;
  }
  return true;
}
