import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sqliteStore, type RunRow, type StepRow } from "../../packages/store/src/index.ts";
import { temporaryDirectory } from "../directories.ts";

/** One attempt of a task, as the task itself has written it to the log. */
export interface Effect {
  readonly run: string;
  readonly step: string;
  readonly attempt: number;
  /** The process, by the name in $ROLE. */
  readonly by: string;
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  /** Whether the step had a checkpoint already, so that it must not have begun. */
  readonly again: boolean;
}

/** A module for programs: their tasks call `effect()` first. It looks for checkpoints past Perdure, with a connection of its own. */
export const effectModule = {
  "effect.ts": `
    import { appendFileSync } from "node:fs";
    import Database from "better-sqlite3";
    import { taskContext } from "perdure";
    let select: Database.Statement<[string], string> | undefined;
    /** The steps of the run that have a checkpoint. */
    export function checkpoints(run: string): string[] {
      select ??= new Database(process.env.PERDURE_STORE!.slice("sqlite:".length), { readonly: true })
        .prepare<[string], string>("SELECT id FROM steps WHERE run = (SELECT number FROM runs WHERE id = ?) AND seq IS NOT NULL")
        .pluck();
      return select.all(run);
    }
    export function effect(): void {
      const { runId: run, stepId: step, attempt } = taskContext();
      const again = checkpoints(run).includes(step);
      appendFileSync(process.env.LOG!, JSON.stringify({ run, step, attempt, by: process.env.ROLE, at: Date.now(), again }) + "\\n");
    }
  `,
};

/** A store in a new directory, and the log of the effects of the tasks that run on it. */
export class Place {
  readonly directory = temporaryDirectory();
  /** Where the programs may mount a disk of their own for the store. */
  readonly disk = join(this.directory, "disk");
  readonly store = join(this.disk, "p.db");
  private readonly log = join(this.directory, "log");

  constructor() {
    mkdirSync(this.disk);
  }

  env(role: string): Record<string, string> {
    return { PERDURE_STORE: `sqlite:${this.store}`, DISK: this.disk, LOG: this.log, ROLE: role };
  }

  effects(): Effect[] {
    const text = existsSync(this.log) ? readFileSync(this.log, "utf8") : "";
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Effect);
  }

  /** The runs in the store, oldest first, with their steps. */
  async runs(): Promise<(RunRow & { readonly steps: readonly StepRow[] })[]> {
    const store = sqliteStore(this.store);
    await store.open();
    try {
      const heads = await store.listRuns({ limit: 10_000 });
      const rows = heads.reverse().flatMap(({ id }) => store.getRun(id) ?? []) as RunRow[];
      return await Promise.all(rows.map(async (row) => ({ ...row, steps: await store.steps(row.id) })));
    } finally {
      await store.close();
    }
  }
}
