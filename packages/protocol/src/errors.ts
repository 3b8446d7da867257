import { messages, type MessageCode, type MessageParams } from "./messages.ts";

/** Every error that Perdure itself raises. What it says stands in the catalogue, under its code. */
export class PerdureError<C extends MessageCode = MessageCode> extends Error {
  override readonly name = "PerdureError";
  readonly code: C;
  /** What to do about it. */
  readonly hint: string;

  constructor(code: C, params: MessageParams<C>, options?: ErrorOptions) {
    const { text, hint } = messages[code](params as never);
    super(`${text}\n  → ${hint} (${code})`, options);
    this.code = code;
    this.hint = hint;
  }
}
