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

/** A span for what goes around everything else that goes around the same piece. */
export const outside = ({ start, end }: Span): Span => ({ start, end: end + 0.5 });

/**
 * Texts to insert, each for the sake of a piece of source (`around`). What opens goes to the right of its offset,
 * the outer piece first; what closes goes to the left of its offset, the inner piece first. So the edits need no
 * order among themselves.
 */
export class Insertions {
  private readonly opening: Insertion[] = [];
  private readonly closing: Insertion[] = [];
  private readonly moves: { readonly from: Span; readonly to: number }[] = [];

  open(at: number, text: string, around: Span): void {
    this.opening.push({ at, text, around });
  }

  close(at: number, text: string, around: Span): void {
    this.closing.push({ at, text, around });
  }

  /** Puts a piece, with all that is inserted in it, behind what closes at `to`, and before what opens there. */
  move(from: Span, to: number): void {
    this.moves.push({ from, to });
  }

  /** The offsets at which these cut the source. */
  cuts(): number[] {
    const moved = this.moves.flatMap(({ from, to }) => [from.start, from.end, to]);
    return [...moved, ...[...this.opening, ...this.closing].map(({ at }) => at)];
  }

  applyTo(code: MagicString): void {
    for (const { from, to } of this.moves) code.move(from.start, from.end, to);
    const outerFirst = (a: Insertion, b: Insertion): number =>
      a.around.start - b.around.start || b.around.end - a.around.end;
    for (const { at, text } of this.opening.sort(outerFirst)) code.appendRight(at, text);
    for (const { at, text } of this.closing.sort((a, b) => outerFirst(b, a))) code.appendLeft(at, text);
  }
}
