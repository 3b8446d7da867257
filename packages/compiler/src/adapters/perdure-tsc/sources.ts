import type { ModuleInfo } from "@perdure/protocol";
import { readFileSync } from "node:fs";
import { sep } from "node:path";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { passes } from "../../files/filter.ts";
import { isProjectFile } from "../../files/paths.ts";
import { nodeHost } from "../../project/host.ts";
import type { Original } from "../session/chained-map.ts";
import type { Options } from "../session/options.ts";
import { diagnosticsOf, Session } from "../session/session.ts";

/** A source file and the compiled text that replaces it. */
export interface Compiled extends Original {
  readonly code: string;
  readonly info: ModuleInfo;
}

export interface CompiledSources {
  readonly files: ReadonlyMap<string, Compiled>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles the sources of projects. Each file is compiled once until `refresh`, since a change of one file may affect others. */
export class Sources {
  private readonly session: Session;
  private outputs: readonly string[] = [];
  private readonly known = new Map<
    string,
    { readonly compiled: Compiled | undefined; readonly diagnostics: readonly Diagnostic[] }
  >();

  constructor(options: Options) {
    // files in an output directory are not sources: ids must not depend on earlier builds
    const readFile = (path: string): string | undefined =>
      this.outputs.some((directory) => path.startsWith(directory + sep)) ? undefined : nodeHost.readFile(path);
    this.session = new Session(options, { readFile });
  }

  /** Discards all results. */
  refresh(outputs: readonly string[]): void {
    this.outputs = outputs;
    this.session.restart();
    this.known.clear();
  }

  /** These files and everything that they import, directly or indirectly. */
  reachable(files: readonly string[]): string[] {
    const roots = files.filter((file) => isProjectFile(file) && passes(this.session.filter, file));
    return [...new Set(roots.flatMap((file) => [file, ...this.session.watched(file)]))];
  }

  compile(files: readonly string[]): CompiledSources {
    const found = new Map<string, Compiled>();
    const diagnostics: Diagnostic[] = [];
    for (const file of this.reachable(files)) {
      const { compiled, diagnostics: own } = this.one(file);
      if (compiled) found.set(file, compiled);
      diagnostics.push(...own);
    }
    return { files: found, diagnostics };
  }

  private one(file: string): { readonly compiled: Compiled | undefined; readonly diagnostics: readonly Diagnostic[] } {
    const before = this.known.get(file);
    if (before) return before;
    const result = this.run(file, readFileSync(file, "utf8"));
    this.known.set(file, result);
    return result;
  }

  private run(
    file: string,
    source: string,
  ): { readonly compiled: Compiled | undefined; readonly diagnostics: readonly Diagnostic[] } {
    try {
      const result = this.session.compile(source, file);
      return { compiled: result && { source, ...result }, diagnostics: result?.diagnostics ?? [] };
    } catch (error) {
      return { compiled: undefined, diagnostics: diagnosticsOf(error) };
    }
  }
}
