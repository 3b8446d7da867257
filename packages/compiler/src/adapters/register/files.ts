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

/** A file and the compiled text that replaces it. */
export class CompiledFile {
  readonly path: string;
  /** The text on disk, or the text that another hook provided. */
  readonly source: string;
  /** The compiled text, with an inline source map. */
  readonly text: string;

  constructor(path: string, source: string, text: string) {
    this.path = path;
    this.source = source;
    this.text = text;
  }

  /** @throws PerdureError if another loader did not start from the compiled text: `text` then lacks a name that all compiled text contains */
  verify(text: string): void {
    if (!text.includes(ABI_NAMESPACE))
      throw new PerdureError("REGISTER_BYPASSED", { file: relative(process.cwd(), this.path) });
  }
}

/** Compiles the files of a program while they are loaded. */
export class Files {
  private readonly session = new Session(projectOptions());
  /** The text of each file when it was last compiled. */
  private readonly sources = new Map<string, string>();
  private last: { readonly path: string; readonly file: CompiledFile | undefined } | undefined;

  /** The path of a module that may have to be compiled, or `undefined` if it need not be. */
  pathOf(url: string): string | undefined {
    if (!url.startsWith("file:")) return undefined;
    const path = fileURLToPath(url.replace(/[?#].*$/, ""));
    return this.includes(path) ? path : undefined;
  }

  includes(path: string): boolean {
    return passes(this.session.filter, path);
  }

  /** The imports of a file that lead to files to compile. */
  importsOf(path: string): string[] {
    return this.session.project.durableImports(path).filter((each) => this.includes(each));
  }

  /**
   * Returns `undefined` if the file needs no change. It also returns `undefined` if the file cannot be read: Node reports the error.
   *
   * @param commonJs - whether the file is CommonJS if it has no imports and exports
   * @throws CompileError
   */
  compile(path: string, commonJs: boolean, source = readText(path)): CompiledFile | undefined {
    if (source === undefined) return undefined;
    const before = this.sources.get(path);
    // Node requests the same CommonJS module several times
    if (before === source && this.last?.path === path) return this.last.file;
    // the module was changed and is imported again under another URL
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

/** Makes Node print the message without the compiler's stack. */
function withoutStack(error: unknown): unknown {
  if (!(error instanceof CompileError)) return error;
  const shown = new Error(error.message);
  shown.name = error.name;
  shown.stack = `${error.name}: ${error.message}`;
  return shown;
}
