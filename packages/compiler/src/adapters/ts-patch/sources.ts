import type { ModuleInfo } from "@perdure/protocol";
import { formatDiagnostic, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { passes } from "../../files/filter.ts";
import type { Original } from "../session/chained-map.ts";
import { manifestFile, manifestOf, type ManifestFile } from "../session/manifest-file.ts";
import type { Options } from "../session/options.ts";
import { diagnosticsOf, Session } from "../session/session.ts";

/** The result of compiling one source file. */
export interface Outcome {
  readonly compiled: (Original & { readonly code: string; readonly info: ModuleInfo }) | undefined;
  readonly errors: readonly Diagnostic[];
}

const asItIs: Outcome = { compiled: undefined, errors: [] };

/** Compiles the sources of a program. */
export class Sources {
  private readonly session: Session;
  /** Warnings already printed, so that the next program of a watch does not repeat them. */
  private printed: ReadonlySet<string> = new Set();

  constructor(options: Options) {
    this.session = new Session(options);
  }

  /** The manifest of the compiled modules, as a file to write. */
  manifest(outcomes: ReadonlyMap<string, Outcome>): ManifestFile | undefined {
    return manifestFile(
      manifestOf([...outcomes.values()].flatMap(({ compiled }) => compiled?.info ?? [])),
      this.session.options,
    );
  }

  compile(files: readonly { readonly path: string; readonly text: string }[]): Map<string, Outcome> {
    this.session.restart();
    const warnings = new Set<string>();
    const outcomes = new Map(
      files.map(({ path, text }) => [
        path,
        passes(this.session.filter, path) ? this.one(path, text, warnings) : asItIs,
      ]),
    );
    for (const each of warnings) if (!this.printed.has(each)) console.error(`${each}\n`);
    this.printed = warnings;
    return outcomes;
  }

  private one(path: string, source: string, warnings: Set<string>): Outcome {
    try {
      const result = this.session.compile(source, path);
      for (const each of result?.diagnostics ?? []) warnings.add(formatDiagnostic(each));
      return { compiled: result && { source, ...result }, errors: [] };
    } catch (error) {
      return { compiled: undefined, errors: diagnosticsOf(error) };
    }
  }
}
