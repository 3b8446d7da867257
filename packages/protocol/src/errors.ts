import { messages, type MessageCode, type MessageParams } from "./messages.ts";

/**
 * Makes `instanceof` work across copies of a class in one process, since an application and a library may each have their own copy.
 * `instanceof` with a subclass works as usual.
 */
export function shareInstances(type: abstract new (...args: never[]) => Error, name: string): void {
  const brand = Symbol.for(`perdure/${name}`);
  Object.defineProperty(type.prototype, brand, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this === type) return typeof value === "object" && value !== null && brand in value;
      return typeof this === "function" && Function.prototype[Symbol.hasInstance].call(this, value);
    },
  });
}

/**
 * An error that Perdure raises itself. Its text is in the message catalog, under its code. The message contains the hint and the code, for all that prints
 * nothing else; so these are not enumerable, and `console.log` does not print them a second time.
 */
export class PerdureError<C extends MessageCode = MessageCode> extends Error {
  static {
    shareInstances(this, "PerdureError");
    Object.defineProperty(this.prototype, "name", { value: "PerdureError", writable: true, configurable: true });
  }

  declare readonly code: C;
  /** What to do about it. */
  declare readonly hint: string;

  constructor(code: C, params: MessageParams<C>, options?: ErrorOptions) {
    const { text, hint } = messages[code](params as never);
    super(`${text}\n  → ${hint} (${code})`, options);
    for (const [key, value] of Object.entries({ code, hint })) Object.defineProperty(this, key, { value });
  }
}
