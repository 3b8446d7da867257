/** An object that is data and nothing else: a literal, of this realm or another one, or one without a prototype. */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** The first argument of a call by a template: strings and their `raw` ones, which nobody can change. */
export const isTemplate = (value: unknown): value is TemplateStringsArray =>
  Array.isArray(value) &&
  Object.isFrozen(value) &&
  "raw" in value &&
  Array.isArray(value.raw) &&
  Object.isFrozen(value.raw);
