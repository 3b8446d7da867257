import { createDiagnostic, type Diagnostic, type SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { Parsed } from "../../1-parse/parse.ts";

export function parseErrorDiagnostic(parsed: Parsed, file: SourceFile): Diagnostic | undefined {
  if (!parsed.error) return undefined;
  return createDiagnostic(file, "PARSE_ERROR", { detail: parsed.error.message }, parsed.error);
}
