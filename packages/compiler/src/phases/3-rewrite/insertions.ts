import type MagicString from "magic-string";

export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Insertion {
  readonly at: number;
  readonly text: string;
  readonly around: Span;
}

/**
 * Texts to insert, each for the sake of a piece of source (`around`). What opens goes to the right of its offset,
 * the outer piece first; what closes goes to the left of its offset, the inner piece first. So the edits need no
 * order among themselves.
 */
export class Insertions {
  private readonly opening: Insertion[] = [];
  private readonly closing: Insertion[] = [];

  open(at: number, text: string, around: Span): void {
    this.opening.push({ at, text, around });
  }

  close(at: number, text: string, around: Span): void {
    this.closing.push({ at, text, around });
  }

  applyTo(code: MagicString): void {
    const outerFirst = (a: Insertion, b: Insertion): number => a.around.start - b.around.start || b.around.end - a.around.end;
    for (const { at, text } of this.opening.sort(outerFirst)) code.appendRight(at, text);
    for (const { at, text } of this.closing.sort((a, b) => outerFirst(b, a))) code.appendLeft(at, text);
  }
}
