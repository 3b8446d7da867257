import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

/** One line of the journal: the execution of a task begins or ends, or a step returns its checkpoint. */
export interface Entry {
  /** Name of the task. */
  readonly task: string;
  readonly step: string;
  /** 0 if the step returned its checkpoint. */
  readonly attempt: number;
  readonly pid: number;
  readonly event: string;
}

export const readJournal = (file: string): Entry[] => new Journal(file).more();

/** Reads a journal while it is being written. */
export class Journal {
  private readonly file: string;
  private position = 0;

  constructor(file: string) {
    this.file = file;
  }

  /** The entries added since the last call. */
  more(): Entry[] {
    const added = this.addedText();
    const complete = added.slice(0, added.lastIndexOf("\n") + 1); // the last line may be incomplete
    this.position += Buffer.byteLength(complete);
    return complete.split("\n").slice(0, -1).map(toEntry);
  }

  private addedText(): string {
    if (!existsSync(this.file)) return "";
    const handle = openSync(this.file, "r");
    try {
      const buffer = Buffer.alloc(fstatSync(handle).size - this.position);
      return buffer.toString("utf8", 0, readSync(handle, buffer, 0, buffer.length, this.position));
    } finally {
      closeSync(handle);
    }
  }
}

function toEntry(line: string): Entry {
  const [task = "", step = "", attempt, pid, event = ""] = line.split(" ");
  return { task, step, attempt: Number(attempt), pid: Number(pid), event };
}

export const begins = (entries: readonly Entry[]): Entry[] => entries.filter(({ event }) => event === "begin");
