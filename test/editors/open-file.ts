import type { Tsserver } from "./tsserver.ts";

interface Location {
  readonly line: number;
  readonly offset: number;
}

interface Span {
  readonly start: Location;
  readonly end: Location;
}

interface Said extends Span {
  readonly text: string;
  readonly code: number;
  readonly category: string;
  readonly source?: string;
}

interface Entry {
  readonly name: string;
  readonly insertText?: string;
  readonly replacementSpan?: Span;
}

interface Fix {
  readonly description: string;
  readonly changes: readonly { readonly textChanges: readonly (Span & { readonly newText: string })[] }[];
}

interface Details {
  readonly documentation?: readonly { readonly text: string }[];
}

/** Where the cursor is in a text. */
const CURSOR = "‸";

/** A message of the compiler, as an editor shows it. */
export interface Message {
  readonly code: string | undefined;
  readonly category: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A file that is open in an editor. Its text is in the editor's buffer, and nothing here writes it to the disk. */
export class OpenFile {
  readonly path: string;
  readonly server: Tsserver;
  private text: string;

  constructor(server: Tsserver, path: string, text: string) {
    this.server = server;
    this.path = path;
    this.text = text;
    server.notify("open", { file: path, fileContent: text });
  }

  close(): void {
    this.server.notify("close", { file: this.path });
  }

  /** Replaces the text of the buffer. Returns the offset of the cursor, if the text has one. */
  type(text: string): number {
    const { line: endLine, offset: endOffset } = this.location(this.text.length);
    const cursor = text.indexOf(CURSOR);
    this.text = text.replace(CURSOR, "");
    const insertString = this.text;
    this.server.notify("change", { file: this.path, line: 1, offset: 1, endLine, endOffset, insertString });
    return cursor;
  }

  /** The names that the editor offers at the cursor. */
  async offered(text: string): Promise<string[]> {
    return (await this.entries(this.type(text))).map((each) => each.name);
  }

  /** The text after one of the offered names is chosen. */
  async completed(text: string, name: string): Promise<string> {
    const entries = await this.entries(this.type(text));
    const entry = entries.find((each) => each.name === name);
    if (!entry?.replacementSpan) throw new Error(`${name} is not offered, but ${entries.map((each) => each.name)}`);
    return this.replaced([{ ...entry.replacementSpan, newText: entry.insertText ?? entry.name }]);
  }

  /** The documentation of an offered name. */
  async documentation(text: string, name: string): Promise<string> {
    const at = { file: this.path, ...this.location(this.type(text)) };
    const details = await this.server.request<Details[]>("completionEntryDetails", { ...at, entryNames: [name] });
    return details?.[0]?.documentation?.map((each) => each.text).join("") ?? "";
  }

  /** What is shown for the text under the cursor: that text, a title and its documentation. */
  async hover(text: string): Promise<{ at: string; title: string; documentation: string } | undefined> {
    const at = { file: this.path, ...this.location(this.type(text)) };
    const info = await this.server.request<Span & { displayString: string; documentation: string }>("quickinfo", at);
    return info && { at: this.textOf(info), title: info.displayString, documentation: info.documentation };
  }

  /** The text from which "go to definition" leads away, and the places that it leads to. */
  async definition(text: string): Promise<{ at: string; to: string[] }> {
    const at = { file: this.path, ...this.location(this.type(text)) };
    const found = await this.server.request<{ textSpan?: Span; definitions?: (Span & { file: string })[] }>(
      "definitionAndBoundSpan",
      at,
    );
    const to = (found?.definitions ?? []).map(({ file, start, end }) => {
      const name = file.slice(file.lastIndexOf("/") + 1);
      return `${name}:${start.line}:${start.offset}-${end.offset}`;
    });
    return { at: found?.textSpan ? this.textOf(found.textSpan) : "", to };
  }

  /** What the compiler says about the text of the buffer. */
  async messages(): Promise<Message[]> {
    return (await this.allMessages()).filter(({ code }) => code !== undefined);
  }

  /** What TypeScript and the compiler say. The messages of TypeScript have no code here. */
  async allMessages(): Promise<Message[]> {
    const said = await this.server.request<Said[]>("semanticDiagnosticsSync", { file: this.path });
    return (said ?? []).map(({ text, source, category, start, end }) => ({
      code: source === "perdure" ? /\(([A-Z_]+)\)$/.exec(text)?.[1] : undefined,
      category,
      text,
      start: this.offset(start),
      end: this.offset(end),
    }));
  }

  /** The fixes that are offered at an offset: the title of each, and the text after it. */
  async fixes(start: number, end = start): Promise<Record<string, string>> {
    const { line: startLine, offset: startOffset } = this.location(start);
    const { line: endLine, offset: endOffset } = this.location(end);
    const range = { file: this.path, startLine, startOffset, endLine, endOffset };
    const fixes = await this.server.request<Fix[]>("getCodeFixes", { ...range, errorCodes: [92_000] });
    return Object.fromEntries(
      (fixes ?? []).map(({ description, changes }) => [
        description,
        this.replaced(changes.flatMap(({ textChanges }) => textChanges)),
      ]),
    );
  }

  private async entries(cursor: number): Promise<readonly Entry[]> {
    const at = { file: this.path, ...this.location(cursor) };
    return (await this.server.request<{ entries: Entry[] }>("completionInfo", at))?.entries ?? [];
  }

  private replaced(changes: readonly (Span & { readonly newText: string })[]): string {
    return changes.reduceRight(
      (text, { start, end, newText }) => text.slice(0, this.offset(start)) + newText + text.slice(this.offset(end)),
      this.text,
    );
  }

  private textOf = ({ start, end }: Span): string => this.text.slice(this.offset(start), this.offset(end));

  private location(at: number): Location {
    const lines = this.text.slice(0, at).split("\n");
    return { line: lines.length, offset: (lines.at(-1)?.length ?? 0) + 1 };
  }

  private offset({ line, offset }: Location): number {
    const before = this.text.split("\n").slice(0, line - 1);
    return before.reduce((sum, each) => sum + each.length + 1, 0) + offset - 1;
  }
}
