import { checkOptions, closest, oneOf, PerdureError, type OptionNames } from "@perdure/protocol";
import type { WarningLevels } from "../../compile/compile.ts";
import { diagnosticMessages, type WarningCode } from "../../diagnostics/messages.ts";
import type { DirectiveWords } from "../../directives/directive.ts";
import type { DevInspector } from "../dev-server/inspector.ts";
import type { BuildCheck, Options } from "./options.ts";

const OPTIONS: OptionNames<Options> = {
  include: true,
  exclude: true,
  packages: true,
  root: true,
  directives: true,
  warnings: true,
  manifest: true,
  onManifest: true,
  check: true,
  inspector: true,
};

const CHECK_OPTIONS: OptionNames<BuildCheck> = { tsconfig: true, classes: true, watch: true };

const INSPECTOR_OPTIONS: OptionNames<DevInspector> = { store: true };

/**
 * The options of the plugin, if each of them exists and has a value that it accepts.
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function pluginOptions(options: Options): Options {
  const { directives, warnings, manifest, packages, check, inspector } = checkOptions(options, OPTIONS, "perdure()");
  directiveWords(directives, "perdure()");
  warningLevels(warnings, "perdure()");
  manifestName(manifest, "perdure()");
  packageNames(packages, "perdure()");
  if (typeof check !== "boolean" && check !== undefined) checkOptions(check, CHECK_OPTIONS, "perdure({ check })");
  if (typeof inspector === "object" && inspector !== null)
    checkOptions(inspector, INSPECTOR_OPTIONS, "perdure({ inspector })");
  else if (typeof inspector !== "boolean" && inspector !== undefined)
    throw invalid("the option inspector of perdure()", inspector, "true, false or an object");
  return options;
}

/** @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID` */
export function directiveWords(words: unknown, owner: string): Partial<DirectiveWords> {
  const given = checkOptions(objectOf(words), { task: true, workflow: true }, `the option directives of ${owner}`);
  for (const [kind, value] of Object.entries(given))
    if (value !== undefined && (typeof value !== "string" || value.trim() === ""))
      throw invalid(`the option directives.${kind} of ${owner}`, value, "a string");
  return given;
}

/** @throws PerdureError `OPTION_INVALID` */
export const warningLevels = (levels: unknown, owner: string): WarningLevels =>
  Object.fromEntries(
    Object.entries(objectOf(levels)).map(([code, level]) => [
      warningCode(code, owner),
      oneOf(level as "off", ["off", "warning", "error"], `the option warnings.${code} of ${owner}`),
    ]),
  );

/** @throws PerdureError `OPTION_INVALID` */
export function manifestName(value: unknown = true, owner: string): boolean | string {
  if (typeof value === "boolean" || typeof value === "string") return value;
  throw invalid(`the option manifest of ${owner}`, value, "true, false or a file name");
}

/** @throws PerdureError `OPTION_INVALID` */
export function packageNames(value: unknown = [], owner: string): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw invalid(`the option packages of ${owner}`, value, "a list of package names");
}

const objectOf = (value: unknown): object => (value === undefined ? {} : (value as object));

const warningCodes = Object.entries(diagnosticMessages).flatMap(([code, { severity }]) =>
  severity === "warning" ? [code] : [],
);
const isWarningCode = (code: string): code is WarningCode => warningCodes.includes(code);

function warningCode(code: string, owner: string): WarningCode {
  if (isWarningCode(code)) return code;
  const isError = Object.hasOwn(diagnosticMessages, code);
  const meant = isError ? undefined : closest(code, warningCodes);
  const of = isError ? " (an error cannot be turned off)" : meant === undefined ? "" : `, probably ${meant}`;
  throw invalid(`the option warnings of ${owner}`, code, `the code of a warning${of}: ${warningCodes.join(", ")}`);
}

const invalid = (option: string, value: unknown, expected: string): PerdureError =>
  new PerdureError("OPTION_INVALID", { option, value: JSON.stringify(value) ?? String(value), expected });
