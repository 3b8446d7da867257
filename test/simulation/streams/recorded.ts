import type { StreamRow } from "../../../packages/store/src/streams.ts";

export type Reset = Extract<StreamRow, { type: "reset" }>;
export type Chunk = Extract<StreamRow, { type: "chunk" }>;

/** A chunk that a reader has. Without an index: one who gets no more than the values. */
export interface Received {
  readonly index?: number;
  readonly value: string;
}

/** Everything that the store has ever accepted for one stream, and what has become void. */
export class Recorded {
  readonly entries: StreamRow[] = [];
  /** The index after the highest one. */
  next = 0;
  /** By the index of an entry, that of the reset which made it void. */
  private readonly voidSince = new Map<number, number>();

  add(entry: StreamRow): void {
    if (entry.type === "reset")
      for (const each of this.entries)
        if (isVoid(each, entry) && !this.voidSince.has(each.index)) this.voidSince.set(each.index, entry.index);
    this.entries.push(entry);
    this.next = entry.index + 1;
  }

  /** What the store has. */
  get present(): StreamRow[] {
    return this.entries.filter(({ index }) => !this.voidSince.has(index));
  }

  /** The chunks of a writer that are not void. */
  chunksOf(part: string): Chunk[] {
    return this.present.filter((each): each is Chunk => each.type === "chunk" && each.part === part);
  }

  get parts(): Set<string> {
    return new Set(this.present.flatMap(({ part }) => part ?? []));
  }

  /**
   * What is wrong with what a reader has, who began at the index `from` and has come to `next`: it has each chunk that is not void, and none that a reset before `next` made void.
   * A chunk that has become void by a later reset may have been read before, or not.
   */
  problemOf(has: readonly Received[], from: number, next: number): string | undefined {
    let at = 0;
    for (const each of this.entries) {
      if (each.type !== "chunk" || each.index < from || each.index >= next) continue;
      const since = this.voidSince.get(each.index);
      if (since !== undefined && since < next) continue;
      const received = has[at];
      if (received?.value === each.value && (received.index ?? each.index) === each.index) at++;
      else if (since === undefined) return `it does not have ${each.index} of ${each.part || "the body"}`;
    }
    const rest = has[at];
    return (
      rest && `it has ${rest.index ?? ""} ${rest.value}, which is void, was never recorded, or is in another place`
    );
  }
}

/** Whether the reset makes the entry void. That of a restart does so with all others, resets too. */
export const isVoid = (
  { index, type, part }: { readonly index: number; readonly type: StreamRow["type"]; readonly part?: string },
  reset: Pick<Reset, "from" | "part">,
): boolean =>
  reset.part === undefined ? index >= reset.from : type !== "reset" && index >= reset.from && reset.part === part;
