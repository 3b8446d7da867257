import Table from "cli-table3";
import { SingleBar } from "cli-progress";
import pico from "picocolors";
import { safe } from "@perdure/inspector/show";

type Colors = ReturnType<typeof pico.createColors>;

/** Where the command writes to: a terminal, or a pipe, which gets neither colours nor aligned columns. */
export class Terminal {
  readonly isTerminal: boolean;
  readonly colors: Colors;
  readonly usesColors: boolean;
  readonly isJson: boolean;

  constructor({ isJson = false }: { readonly isJson?: boolean } = {}) {
    this.isJson = isJson;
    this.isTerminal = process.stdout.isTTY === true;
    // https://no-color.org: any text in it
    this.usesColors = this.isTerminal && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
    this.colors = pico.createColors(this.usesColors);
  }

  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  json(value: unknown): void {
    this.print(JSON.stringify(value, undefined, this.isTerminal ? 2 : undefined));
  }

  /** Rows in aligned columns with a head, cut to the terminal's width; in a pipe, cells that are separated by tabs. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    if (!this.isTerminal) {
      for (const row of rows) this.print(row.map((cell) => safe(cell).replaceAll(/[\t\n]/gu, " ")).join("\t"));
      return;
    }
    const { dim } = this.colors;
    const table = new Table({
      head: head.map((title) => dim(title)),
      chars: NO_LINES,
      style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    });
    table.push(...rows.map((row) => [...row]));
    const width = process.stdout.columns;
    for (const line of table.toString().split("\n"))
      this.print(width > 0 ? cut(line.trimEnd(), width) : line.trimEnd());
  }

  /** A bar for long work, on a terminal only. It goes to standard error. */
  bar(total: number, what: string): { add(count: number): void; end(): void } {
    if (process.stderr.isTTY !== true || this.isJson) return { add: () => {}, end: () => {} };
    const format = `${what} [{bar}] {value} of {total}`;
    const bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true, hideCursor: true });
    bar.start(total, 0);
    return { add: (count) => bar.increment(count), end: () => bar.stop() };
  }
}

const SIDES = ["top", "bottom", "left", "right", "mid"] as const;
const NO_LINES = Object.fromEntries([
  ...SIDES.flatMap((side) => [
    [side, ""],
    [`${side}-mid`, ""],
    [`${side}-left`, ""],
    [`${side}-right`, ""],
  ]),
  ["middle", ""],
]) as Record<string, string>;

const STYLE = /(\u001b\[[0-9;]*m)/u;

/** The line without what is beyond the width. Escape sequences for colours take no room, and stay. */
function cut(line: string, width: number): string {
  let room = width;
  let isCut = false;
  const kept = line.split(STYLE).map((part) => {
    if (STYLE.test(part)) return part;
    const chars = [...part];
    const fits = chars.slice(0, room);
    isCut ||= fits.length < chars.length;
    room -= fits.length;
    return fits.join("");
  });
  return isCut ? kept.join("").replace(/.((?:\u001b\[[0-9;]*m)*)$/u, "…$1") : line;
}
