import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** The files of one run: its store, its journal, its downloads and its report. */
export interface Workplace {
  readonly folder: string;
  readonly store: string;
  readonly journal: string;
  readonly report: string;
}

export function freshWorkplace(folder: string): Workplace {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return {
    folder,
    store: join(folder, "perdure.db"),
    journal: join(folder, "journal.log"),
    report: join(folder, "report.html"),
  };
}
