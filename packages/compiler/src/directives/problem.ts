import type { DiagnosticParams, DirectiveCode } from "../diagnostics/messages.ts";

/** A problem in the text of a directive, with its offsets. */
export type DirectiveProblem = {
  readonly [C in DirectiveCode]: {
    readonly code: C;
    readonly params: DiagnosticParams<C>;
    readonly start: number;
    readonly end: number;
  };
}[DirectiveCode];

export function report<C extends DirectiveCode>(
  found: DirectiveProblem[],
  code: C,
  params: DiagnosticParams<C>,
  at: { readonly start: number; readonly end: number },
): undefined {
  found.push({ code, params, start: at.start, end: at.end } as DirectiveProblem);
}
