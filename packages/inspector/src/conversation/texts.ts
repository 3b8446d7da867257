import type { ValueText } from "../api.ts";
import { valueText } from "../read/texts.ts";

/** Characters of one text. The details of a step have more. */
const LONGEST = 10_000;
/** Characters of all texts together; after that, each has `LEAST`. */
const ALL = 2_000_000;
const LEAST = 200;
/** Input and output stand beside each other. */
const WIDTH = 50;

/** Values as text, not too many of them. */
export class Texts {
  private left = ALL;

  of(value: unknown): ValueText {
    const text = valueText(value, Math.min(LONGEST, Math.max(LEAST, this.left)), WIDTH);
    this.left -= text.text.length;
    return text;
  }
}
