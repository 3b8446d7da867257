import { formatDiagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";

/** Thrown if a program cannot be compiled, with all diagnostics. */
export class CompileError extends Error {
  override readonly name = "CompileError";
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join("\n\n"));
    this.diagnostics = diagnostics;
  }
}
