import { readdirSync, watch as watchDirectory, type FSWatcher } from "node:fs";
import { dirname, join } from "node:path";
import { codeOf, runVisibly } from "./compiler.ts";
import type { TscProject } from "./project.ts";

/** Changes that follow each other within this time, in milliseconds, cause a single pass. */
const settling = 50;

/** Runs the compiler in watch mode, and emits again whenever a file changes. Resolves when the compiler exits. */
export async function watch(project: TscProject): Promise<number> {
  const compiler = runVisibly(project.compiler, project.typesOnly());
  const cycle = new Cycle(project);
  cycle.begin();
  try {
    return await codeOf(compiler);
  } finally {
    await cycle.end();
  }
}

/** Runs one pass at a time. Changes during a pass cause another pass after it. */
class Cycle {
  private readonly project: TscProject;
  private readonly watchers = new Map<string, FSWatcher>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private over = false;

  constructor(project: TscProject) {
    this.project = project;
  }

  begin(): void {
    this.running = this.run();
  }

  async end(): Promise<void> {
    this.over = true;
    clearTimeout(this.timer);
    for (const watcher of this.watchers.values()) watcher.close();
    await this.running;
  }

  private changed(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.running) this.again = true;
      else this.begin();
    }, settling);
  }

  private async run(): Promise<void> {
    try {
      this.rescan();
      const { written } = await this.project.pass();
      if (written.length > 0)
        console.log(`perdure-tsc: ${written.length} ${written.length === 1 ? "file" : "files"} written`);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
    this.running = undefined;
    if (!this.again || this.over) return;
    this.again = false;
    this.begin();
  }

  /** Reads the projects again, and watches the directories of their files and all directories below them, where files may be added. */
  private rescan(): void {
    this.project.refresh();
    const seen = new Set<string>();
    for (const path of this.project.watched()) this.watchTree(dirname(path), seen);
  }

  private watchTree(directory: string, seen: Set<string>): void {
    if (seen.has(directory)) return;
    seen.add(directory);
    if (!this.watchers.has(directory)) this.watchOne(directory);
    for (const each of directoriesIn(directory)) if (!this.project.isOutput(each)) this.watchTree(each, seen);
  }

  private watchOne(directory: string): void {
    const watcher = watchDirectory(directory, () => this.changed());
    // the directory was removed: it is watched again when the next pass finds files in it
    watcher.on("error", () => void this.watchers.delete(directory));
    this.watchers.set(directory, watcher);
  }
}

function directoriesIn(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.flatMap((entry) =>
    entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith(".")
      ? join(directory, entry.name)
      : [],
  );
}
