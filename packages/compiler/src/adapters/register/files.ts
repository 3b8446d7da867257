import { ABI_NAMESPACE, PerdureError } from "@perdure/protocol";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { CompileError } from "../../compile/compile-error.ts";
import type { CompileResult } from "../../compile/compile.ts";
import { formatDiagnostic } from "../../diagnostics/diagnostic.ts";
import { passes } from "../../files/filter.ts";
import { readText } from "../../files/read-text.ts";
import { projectOptions } from "../session/project-options.ts";
import { Session } from "../session/session.ts";
import { toUrl } from "./source-map.ts";

/** A file, and what takes its place. */
export class CompiledFile {
  readonly path: string;
  /** As it is on disk, or as another hook has given it. */
  readonly source: string;
  /** Compiled, with an inline source map. */
  readonly text: string;

  constructor(path: string, source: string, text: string) {
    this.path = path;
    this.source = source;
    this.text = text;
  }

  /** @throws PerdureError when another loader has made `text` of something else: it binds no name that only compiled text has */
  verify(text: string): void {
    if (!text.includes(ABI_NAMESPACE))
      throw new PerdureError("REGISTER_BYPASSED", { file: relative(process.cwd(), this.path) });
  }
}

/** Compiles the files of a program as they are loaded. */
export class Files {
  private readonly session = new Session(projectOptions());
  /** The text of each file when it was last compiled. */
  private readonly sources = new Map<string, string>();
  private last: { readonly path: string; readonly file: CompiledFile | undefined } | undefined;

  /** The path of a module that may have to be compiled. */
  pathOf(url: string): string | undefined {
    if (!url.startsWith("file:")) return undefined;
    const path = fileURLToPath(url.replace(/[?#].*$/, ""));
    return this.wants(path) ? path : undefined;
  }

  wants(path: string): boolean {
    return passes(this.session.filter, path);
  }

  /**
   * `undefined`: the file stays as it is. What cannot be read is left to Node, which says so.
   * @param commonJs - without imports and exports it is CommonJS
   * @throws CompileError
   */
  compile(path: string, commonJs: boolean, source = readText(path)): CompiledFile | undefined {
    if (source === undefined) return undefined;
    const before = this.sources.get(path);
    // Node asks for one CommonJS module more than once
    if (before === source && this.last?.path === path) return this.last.file;
    // a module that is imported again, under another URL, after it was changed
    if (before !== undefined && before !== source) this.session.project.refresh();
    this.sources.set(path, source);
    const result = this.compiled(path, commonJs, source);
    for (const each of result?.diagnostics ?? []) console.warn(formatDiagnostic(each));
    const file =
      result &&
      new CompiledFile(path, source, `${result.code}\n//# sourceMappingURL=${toUrl(result.map, source, path)}`);
    this.last = { path, file };
    return file;
  }

  private compiled(path: string, commonJs: boolean, source: string): CompileResult | undefined {
    try {
      return this.session.compile(source, path, { commonJs });
    } catch (error) {
      throw withoutStack(error);
    }
  }
}

/** What Node prints of it is the message, and not also how the compiler came to it. */
function withoutStack(error: unknown): unknown {
  if (!(error instanceof CompileError)) return error;
  const shown = new Error(error.message);
  shown.name = error.name;
  shown.stack = `${error.name}: ${error.message}`;
  return shown;
}
