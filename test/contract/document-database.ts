import { setImmediate as turn } from "node:timers/promises";
import type { ExecutionRow, RunRow, SignalRow, StepRow } from "perdure";

export interface Document {
  /** Its place in the order of their insertion. */
  readonly number: number;
  run: RunRow;
  steps: StepRow[];
  signals: { readonly row: SignalRow; consumed: boolean }[];
  /** The last checkpoint that the run had when it was claimed. */
  claimedSeq: number;
  executions: ExecutionRow[];
}

interface Snapshot {
  readonly revision: number;
  readonly texts: ReadonlyMap<string, string>;
  readonly codes: ReadonlyMap<string, string>;
  /** Deliveries to runs that do not exist yet. */
  readonly early: readonly EarlyDelivery[];
  /** The epochs of deleted runs, by id. */
  readonly deleted: ReadonlyMap<string, number>;
}

export interface EarlyDelivery {
  readonly run: string;
  readonly name: string;
  readonly payload: string;
  readonly now: number;
}

/**
 * A database with one JSON text for each run, in the order of creation, and one for each code version. It behaves like a database behind a
 * network: a request and its response each take a turn of the event loop.
 */
export class DocumentDatabase {
  private latest: Snapshot = { revision: 0, texts: new Map(), codes: new Map(), early: [], deleted: new Map() };

  async read(): Promise<Snapshot> {
    await turn();
    return turn(this.latest);
  }

  /**
   * Compare and set. Returns false if anything was written since the documents were read. All documents share one revision, because the end
   * of a run looks for the runs that wait for it. A run that begins to wait in the meantime must be a conflict, although it is another document.
   */
  async write(documents: Documents): Promise<boolean> {
    await turn();
    const { revision, early } = this.latest;
    const changed = documents.changed();
    const current = documents.revision === revision;
    if (current && (changed.size > 0 || documents.early !== early || documents.removed.size > 0)) {
      const { codes, deleted } = documents;
      const texts = new Map([...this.latest.texts, ...changed]);
      for (const id of documents.removed) texts.delete(id);
      this.latest = { revision: revision + 1, texts, codes, early: documents.early, deleted };
    }
    return turn(current);
  }
}

/** The snapshot that one call reads, and its changes. */
export class Documents {
  readonly revision: number;
  readonly codes: Map<string, string>;
  early: readonly EarlyDelivery[];
  readonly deleted: Map<string, number>;
  readonly removed = new Set<string>();
  private readonly texts: ReadonlyMap<string, string>;
  private readonly parsed = new Map<string, Document>();

  constructor({ revision, texts, codes, early, deleted }: Snapshot) {
    this.revision = revision;
    this.texts = texts;
    this.codes = new Map(codes);
    this.early = early;
    this.deleted = new Map(deleted);
  }

  /** Keeps the first record of a fingerprint. */
  record({ code, modules }: { readonly code: string; readonly modules: string }): void {
    if (!this.codes.has(code)) this.codes.set(code, modules);
  }

  find(id: string): Document | undefined {
    const text = this.removed.has(id) ? undefined : this.texts.get(id);
    return this.parsed.get(id) ?? (text === undefined ? undefined : this.add(JSON.parse(text) as Document));
  }

  owned(id: string, epoch: number): Document | undefined {
    const document = this.find(id);
    return document?.run.owner !== undefined && document.run.epoch === epoch ? document : undefined;
  }

  remove({ run: { id, epoch } }: Document): void {
    this.removed.add(id);
    this.parsed.delete(id);
    this.deleted.set(id, epoch);
  }

  /** The number of a new document. */
  nextNumber(): number {
    return this.revision * 1_000_000 + this.parsed.size;
  }

  add(document: Document): Document {
    this.parsed.set(document.run.id, document);
    return document;
  }

  /** The oldest first; runs created at the same time are in the order of their insertion. */
  all(): Document[] {
    return this.recorded().sort((a, b) => a.run.createdAt - b.run.createdAt);
  }

  /** In the order of their insertion. */
  recorded(): Document[] {
    return [...this.texts.keys()].flatMap((id) => this.find(id) ?? []);
  }

  changed(): Map<string, string> {
    const texts = [...this.parsed].map(([id, document]): [string, string] => [id, JSON.stringify(document)]);
    return new Map(texts.filter(([id, text]) => text !== this.texts.get(id)));
  }
}
