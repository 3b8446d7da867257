import type { DirectiveWords } from "../directives/directive.ts";
import { mayHoldDirective } from "../phases/1-parse/directives.ts";
import { reachable } from "./links/graph.ts";
import type { Host } from "./host.ts";
import type { Module } from "./links/link.ts";
import type { ModuleCache } from "./modules.ts";

/** The modules that contain workflows, and everything that they import. The whole project is searched on first use. */
export class WorkflowModules {
  private readonly cache: ModuleCache;
  private readonly host: Host;
  private readonly words: DirectiveWords;
  private readonly root: () => string;
  private found: readonly Module[] | undefined;
  private files: ReadonlySet<string> | undefined;

  constructor(cache: ModuleCache, host: Host, words: DirectiveWords, root: () => string) {
    this.cache = cache;
    this.host = host;
    this.words = words;
    this.root = root;
  }

  has({ file }: Module): boolean {
    this.files ??= new Set(
      this.starts()
        .flatMap((module) => reachable(module, () => false))
        .map((each) => each.file),
    );
    return this.files.has(file);
  }

  clear(): void {
    this.found = undefined;
    this.files = undefined;
  }

  /** The modules that contain workflows. */
  starts(): readonly Module[] {
    return (this.found ??= this.withWorkflows());
  }

  private withWorkflows(): Module[] {
    return (this.host.scripts?.(this.root()) ?? []).flatMap((path) => {
      const module = mayHoldDirective(this.host.readFile(path) ?? "", this.words) ? this.cache.module(path) : undefined;
      return module?.summary.functions.some(({ kind }) => kind === "workflow") ? [module] : [];
    });
  }
}
