export { check, type CheckOptions, type CheckResult } from "./check.ts";
export type { Diagnostic, DirectiveWords } from "@perdure/protocol";
