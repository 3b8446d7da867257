export { check, type CheckOptions, type CheckResult } from "./check.ts";
export type { Diagnostic } from "../diagnostics/diagnostic.ts";
export type { DirectiveWords } from "../directives/directive.ts";
