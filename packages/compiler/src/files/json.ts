export const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** A member of a value of unknown shape. `undefined` if the value is not an object. */
export const member = (value: unknown, name: string): unknown =>
  isObject(value) ? Reflect.get(value, name) : undefined;
