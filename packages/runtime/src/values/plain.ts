/** Whether the object is only data: an object literal, of this realm or another, or an object without a prototype. */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** Whether the value is the first argument of a tag function: frozen strings with their frozen `raw` strings. */
export const isTemplate = (value: unknown): value is TemplateStringsArray =>
  Array.isArray(value) &&
  Object.isFrozen(value) &&
  "raw" in value &&
  Array.isArray(value.raw) &&
  Object.isFrozen(value.raw);
