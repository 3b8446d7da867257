import { formatDiagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";

/** A program that cannot be compiled, with everything that is wrong with it. */
export class CompileError extends Error {
  override readonly name = "CompileError";
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join("\n\n"));
    this.diagnostics = diagnostics;
  }
}
