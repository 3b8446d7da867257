import { PerdureError } from "@perdure/protocol";
import { join, resolve } from "node:path";
import type { WarningLevels } from "../../compile/compile.ts";
import { diagnosticMessages, type WarningCode } from "../../diagnostics/messages.ts";
import type { DirectiveWords } from "../../directives/directive.ts";
import { isObject, member } from "../../files/json.ts";
import { readPackageJson } from "../../files/package-json.ts";
import type { Options } from "./options.ts";

export type ProjectOptions = Required<Pick<Options, "root" | "directives" | "warnings" | "manifest" | "packages">>;

/**
 * The options of adapters without a configuration file: `$PERDURE_ROOT`, and the field `perdure` of the package.json in `directory`.
 *
 * @throws PerdureError `OPTION_INVALID`
 */
export function projectOptions(directory: string = process.cwd()): ProjectOptions {
  const { PERDURE_ROOT: root } = process.env;
  const options = readPackageJson(join(directory, "package.json"))?.perdure;
  return {
    root: root === undefined ? directory : resolve(directory, root),
    directives: directiveWords(member(options, "directives")),
    warnings: warningLevels(member(options, "warnings")),
    manifest: manifestName(member(options, "manifest")),
    packages: packageNames(member(options, "packages")),
  };
}

/** @throws PerdureError `OPTION_INVALID` */
export function directiveWords(words: unknown): Partial<DirectiveWords> {
  const task = word(words, "task");
  const workflow = word(words, "workflow");
  return { ...(task !== undefined && { task }), ...(workflow !== undefined && { workflow }) };
}

function word(words: unknown, kind: keyof DirectiveWords): string | undefined {
  const value = member(words, kind);
  if (value === undefined || typeof value === "string") return value;
  throw invalid(`directives.${kind}`, value, "a string");
}

/** @throws PerdureError `OPTION_INVALID` */
export function warningLevels(levels: unknown): WarningLevels {
  const entries = isObject(levels) ? Object.entries(levels) : [];
  return Object.fromEntries(entries.map(([code, level]) => [warningCode(code), warningLevel(code, level)]));
}

/** @throws PerdureError `OPTION_INVALID` */
export function manifestName(value: unknown = true): boolean | string {
  if (typeof value === "boolean" || typeof value === "string") return value;
  throw invalid("manifest", value, "true, false or a file name");
}

/** @throws PerdureError `OPTION_INVALID` */
function packageNames(value: unknown = []): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw invalid("packages", value, "a list of package names");
}

const warningCodes: ReadonlySet<string> = new Set(
  Object.entries(diagnosticMessages).flatMap(([code, { severity }]) => (severity === "warning" ? [code] : [])),
);
const isWarningCode = (code: string): code is WarningCode => warningCodes.has(code);

function warningCode(code: string): WarningCode {
  if (isWarningCode(code)) return code;
  throw invalid("warnings", code, `the code of a warning (${[...warningCodes].join(", ")})`);
}

function warningLevel(code: string, level: unknown): "off" | "warning" | "error" {
  if (level === "off" || level === "warning" || level === "error") return level;
  throw invalid(`warnings.${code}`, level, '"off", "warning" or "error"');
}

const invalid = (option: string, value: unknown, expected: string): PerdureError =>
  new PerdureError("OPTION_INVALID", { option: `"perdure".${option}`, value: JSON.stringify(value), expected });
