export const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** A member of a value that was read from outside; nothing of what is no object. */
export const member = (value: unknown, name: string): unknown =>
  isObject(value) ? Reflect.get(value, name) : undefined;
