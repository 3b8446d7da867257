import { reachableFrom } from "./links/graph.ts";
import { nodeHost, type Host } from "./host.ts";
import type { Module } from "./links/link.ts";
import type { ModuleCache, ProjectModule } from "./modules.ts";
import { Listing } from "./text/listing.ts";

/** The modules that contain workflows, and everything that they import. The whole project is searched on first use. */
export class WorkflowModules {
  private readonly cache: ModuleCache;
  private readonly host: Pick<Host, "scripts">;
  private readonly root: () => string;
  private listed: readonly string[] | undefined;
  private found: readonly Module[] | undefined;
  private files: ReadonlySet<string> | undefined;
  /** The set before it was last found anew. */
  private before: ReadonlySet<string> | undefined;
  private readonly flipped = new Set<string>();

  constructor(cache: ModuleCache, host: Host, root: () => string) {
    this.cache = cache;
    this.host = host.scripts === nodeHost.scripts ? new Listing() : host;
    this.root = root;
  }

  has(file: string): boolean {
    return this.reach().has(file);
  }

  /** The paths of these modules. */
  reach(): ReadonlySet<string> {
    if (this.files) return this.files;
    const { before } = this;
    const files = new Set(reachableFrom(this.starts()).map(({ file }) => file));
    for (const each of before ?? []) if (!files.has(each)) this.flipped.add(each);
    if (before) for (const each of files) if (!before.has(each)) this.flipped.add(each);
    this.before = this.files = files;
    return files;
  }

  /** The files that have become one of these modules since the last call, or are none any more. */
  takeFlipped(): ReadonlySet<string> {
    if (this.before) this.reach();
    const flipped = new Set(this.flipped);
    this.flipped.clear();
    return flipped;
  }

  /** The modules that contain workflows. */
  starts(): readonly Module[] {
    return (this.found ??= this.marked().flatMap((path) => {
      const module = this.cache.module(path);
      return hasWorkflow(module) ? [module] : [];
    }));
  }

  /** The files of the project that may contain directives. */
  marked(): string[] {
    this.listed ??= this.host.scripts?.(this.root()) ?? [];
    return this.listed.filter((path) => this.cache.scans.of(path)?.holds === true);
  }

  /** Call it when a file has another text. @param before - the module that it was */
  changed(path: string, before: ProjectModule | undefined): void {
    const isStart = this.cache.scans.of(path)?.holds === true;
    if (!isStart && !hasWorkflow(before) && this.files?.has(path) !== true) return;
    const now = this.cache.module(path);
    if (hasWorkflow(now) === hasWorkflow(before) && importsOf(now) === importsOf(before)) {
      // the module is another object
      if (isStart) this.found = undefined;
      return;
    }
    this.found = undefined;
    this.files = undefined;
  }

  /** Call it when the imports of a module lead to other files. */
  relinked(path: string): void {
    if (this.files?.has(path) === true) this.files = undefined;
  }

  /** Whether files have come or gone since the project was searched. */
  isOutdated(): boolean {
    if (this.listed === undefined) return false;
    const now = this.host.scripts?.(this.root()) ?? [];
    return now.length !== this.listed.length || now.some((path, i) => path !== this.listed?.[i]);
  }

  clear(): void {
    this.listed = undefined;
    this.found = undefined;
    this.files = undefined;
  }
}

const hasWorkflow = (module: Module | undefined): module is Module =>
  module?.summary.functions.some(({ kind }) => kind === "workflow") === true;

const importsOf = (module: Module | undefined): string =>
  module ? [...module.summary.imports, "", ...module.summary.stars].join("\0") : "";
