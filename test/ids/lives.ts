import { join } from "node:path";
import { onTestFinished } from "vitest";
import { close, getRun, PerdureError, recover, sqliteStore, start, type RuntimeOptions, type Store } from "perdure";
import { advance, setup } from "perdure/testing";
import { modules } from "../../packages/runtime/src/definitions/registry.ts";
import { Build, type Verdict } from "../../packages/runtime/src/history/build.ts";
import { temporaryDirectory } from "../directories.ts";
import { forgetModules, installed } from "../process-state.ts";
import { loadSources } from "../sources.ts";

export type Sources = Readonly<Record<string, string>>;
type Exports = Record<string, (...args: never[]) => Promise<unknown>>;
type Options = Omit<RuntimeOptions, "store" | "clock">;

const globals = globalThis as { log?: string[] };

/** The entries that the tasks of the sources add with `globalThis.log.push(…)`. */
export const log = (): string[] => (globals.log ??= []);

/** Successive programs on one store. Each has only the modules that it has loaded, and is killed when the next one begins. */
export class Lives {
  store: Store;
  /** The codes of all reported errors, in all programs. */
  readonly reports: string[] = [];
  private readonly open: () => Store;
  private now = Date.UTC(2030, 0, 1);
  private clock: { now(): number } | undefined;

  /** @param open - opens the store of the next program; by default, a file */
  constructor(open?: () => Store) {
    const file = open ? "" : join(temporaryDirectory(), "lives.db");
    this.open = open ?? (() => sqliteStore(file, { durability: "normal" }));
    this.store = this.open();
    globals.log = [];
    onTestFinished(close);
  }

  async begin(sources: Sources, options: Options = {}): Promise<Exports> {
    installed.runtime?.kill();
    await this.store.close();
    forgetModules();
    this.now = this.clock?.now() ?? this.now;
    const exports = await loadSources(sources);
    this.store = this.open();
    this.clock = setup({
      ...options,
      store: this.store,
      now: new Date(this.now),
      onReport: (error) => void this.reports.push(error.code),
    }).clock;
    return exports;
  }

  /** Starts the workflow `flow` with the id `run` and executes it until it waits. */
  async start(sources: Sources, options: Options = {}): Promise<void> {
    const { flow } = await this.begin(sources, options);
    await start(flow as unknown as () => Promise<unknown>, [], { id: "run" });
    await advance("1s");
  }

  /** Resumes the run with these sources and executes it to its end. Returns its result or the error. */
  async resume(sources: Sources, options: Options = {}): Promise<unknown> {
    await this.begin(sources, options);
    return this.finish();
  }

  async finish(): Promise<unknown> {
    const [run] = await recover();
    const outcome = (run ?? (await getRun("run"))).result().catch((error: unknown) => error);
    await advance("12h");
    return outcome;
  }

  /** What the manifest of the loaded modules tells of the run before it is resumed. */
  async verdict(options: Pick<Options, "renames" | "lostSteps"> = {}): Promise<Verdict> {
    const build = new Build({ version: 1, modules: [...modules.values()] }, "the build", options);
    await this.store.open(); // nothing has used it yet
    const row = await this.store.getRun("run");
    if (!row) throw new Error("the run is gone");
    const recorded = new Map<string, string>();
    for (const code of build.codesOf(row)) recorded.set(code, (await this.store.getCode(code)) ?? "");
    return build.verdictOn(row, await this.store.steps("run"), recorded);
  }

  async steps(): Promise<string[]> {
    return (await this.store.steps("run")).map(({ id }) => id);
  }
}

/** The code of a PerdureError; any other value unchanged. */
export const codeOf = (outcome: unknown): unknown => (outcome instanceof PerdureError ? outcome.code : outcome);

/** The options that the hint of a message suggests. */
export function renameIn(outcome: unknown): { readonly renames: Record<string, string> } {
  const [, text = "{}"] = /renames: (\{ .*? \}) \}\)/.exec(String(outcome)) ?? [];
  return { renames: JSON.parse(text) as Record<string, string> };
}
