import type { ts } from "ts-morph";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";

/** The number of all of Perdure's messages in TypeScript, which has numbers where Perdure has names. */
export const diagnosticNumber = 92_000;

/** A message of the compiler as one of TypeScript. */
export const toTypescript = (
  file: ts.SourceFile,
  { code, severity, message, hint, start, end }: Diagnostic,
): ts.Diagnostic => ({
  file,
  start,
  length: end - start,
  code: diagnosticNumber,
  category: severity === "error" ? 1 : 0,
  messageText: `${message}\n→ ${hint} (${code})`,
  source: "perdure",
});

/** A problem of the configuration, at the top of a file that it concerns. */
export const optionProblem = (file: ts.SourceFile, messageText: string): ts.Diagnostic => ({
  file,
  start: 0,
  length: 1,
  code: diagnosticNumber,
  category: 1,
  messageText,
  source: "perdure",
});
