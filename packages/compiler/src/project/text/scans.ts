import type { DirectiveWords } from "../../directives/directive.ts";
import { scriptOf } from "../../phases/1-parse/component.ts";
import { mayHoldDirective } from "../../phases/1-parse/directives.ts";
import { importsInText } from "../../phases/1-parse/text-imports.ts";

/** What the text of a file tells without a syntax tree. */
export interface Scan {
  readonly source: string;
  /** Whether it may contain a directive. */
  readonly holds: boolean;
  /** At least every module that it imports values from. `undefined` if only the syntax tree tells. */
  readonly imports: readonly string[] | undefined;
}

export function scanOf(path: string, source: string, words: DirectiveWords): Scan {
  const script = scriptOf(path, source).source;
  return { source, holds: mayHoldDirective(script, words), imports: importsInText(script) };
}

/** The files that have been read. Each is read once, until it is said to have changed. */
export class Scans {
  private readonly scans = new Map<string, Scan>();
  private readonly stale = new Set<string>();
  private readonly readFile: (path: string) => string | undefined;
  private readonly words: DirectiveWords;

  constructor(readFile: (path: string) => string | undefined, words: DirectiveWords) {
    this.readFile = readFile;
    this.words = words;
  }

  /** `undefined` if there is no such file. The same object as before if the file has the same text. */
  of(path: string): Scan | undefined {
    const before = this.scans.get(path);
    if (before && !this.stale.has(path)) return before;
    const source = this.readFile(path);
    this.stale.delete(path);
    if (source === undefined) {
      this.scans.delete(path);
      return undefined;
    }
    if (before?.source === source) return before;
    const scan = scanOf(path, source, this.words);
    this.scans.set(path, scan);
    return scan;
  }

  /** What is known of a file, whether or not it has changed since. */
  known(path: string): Scan | undefined {
    return this.scans.get(path);
  }

  /** Call it when the file may have changed, or any file. */
  forget(path?: string): void {
    for (const each of path === undefined ? this.scans.keys() : [path]) this.stale.add(each);
  }
}
