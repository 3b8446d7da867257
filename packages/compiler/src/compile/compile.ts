import { checkOptions, type ModuleInfo, type OptionNames } from "@perdure/protocol";
import type { SourceMap } from "magic-string";
import { createDiagnostic, type Diagnostic, type Origin, type SourceFile } from "../diagnostics/diagnostic.ts";
import { mayIgnore, withoutIgnored } from "../diagnostics/ignores.ts";
import { isFoundAtEnd } from "./found-at-end.ts";
import { checkMessages } from "../diagnostics/check-messages.ts";
import type { WarningCode } from "../diagnostics/messages.ts";
import { DIRECTIVE_WORDS, type DirectiveWords } from "../directives/directive.ts";
import { pathOf, projectPath } from "../files/paths.ts";
import { isCompiled } from "../phases/1-parse/compiled.ts";
import { findDirectives, mayHoldDirective, type Directives } from "../phases/1-parse/directives.ts";
import { parse } from "../phases/1-parse/parse.ts";
import { analyze } from "../phases/2-analyze/analyze.ts";
import { buildModel } from "../phases/2-analyze/build/build.ts";
import { parseErrorDiagnostic } from "../phases/2-analyze/diagnose/parse-error.ts";
import { summarize } from "../phases/2-analyze/model/model.ts";
import { rewrite } from "../phases/3-rewrite/rewrite.ts";
import { nodeHost, type Host } from "../project/host.ts";
import { createProject, type Project } from "../project/project.ts";
import { CompileError } from "./compile-error.ts";

export interface CompileOptions {
  /** Absolute path of the file. A query is ignored. */
  readonly id: string;
  /** The directory that paths in the manifest and in messages are relative to. */
  readonly root: string;
  readonly host?: Host;
  /** The project, to be kept between calls so that its cache is used. */
  readonly project?: Project;
  /** The words of the directives, for projects in which another tool uses "use task" or "use workflow". */
  readonly directives?: Partial<DirectiveWords>;
  /** The level of each warning, by its code. The level of an error cannot be changed. */
  readonly warnings?: WarningLevels;
  /** Whether the file is CommonJS if it has no imports and exports. By default only its extension or its text can make it CommonJS. */
  readonly commonJs?: boolean;
  /** Finds the file that the user wrote, if another tool made the source of it. Called only if there may be something to compile. */
  readonly origin?: () => Origin | undefined;
  /** Whether the coverage of the output may be measured. What the compiler adds then has hints to leave it out. */
  readonly isMeasured?: boolean;
}

const COMPILE_OPTIONS: OptionNames<CompileOptions> = {
  id: true,
  root: true,
  host: true,
  project: true,
  directives: true,
  warnings: true,
  commonJs: true,
  origin: true,
  isMeasured: true,
};

export type WarningLevels = Readonly<Partial<Record<WarningCode, "off" | "warning" | "error">>>;

export interface CompileResult {
  readonly code: string;
  readonly map: SourceMap;
  readonly info: ModuleInfo;
  /** Warnings. Errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A file without directives has nothing to compile unless it matches: durable calls, clock, randomness, clean-up, error classes. Names can be written with Unicode escapes, so `\u` matches too. */
const mayMatter =
  /\b(?:import|require|from|Date|Math|performance|crypto|catch|finally|then|using|extends|instanceof)\b|[dD]ispose\b|\\u/;

/**
 * Compiles one file. Returns `undefined` if the file needs no change.
 *
 * @throws CompileError; PerdureError `OPTION_UNKNOWN`
 */
export function compile(source: string, options: CompileOptions): CompileResult | undefined {
  checkOptions(options, COMPILE_OPTIONS, "compile()");
  const words = { ...DIRECTIVE_WORDS, ...options.directives };
  const mayHold = mayHoldDirective(source, words);
  if (!mayHold && !mayMatter.test(source) && !mayIgnore(source)) return undefined;
  const path = pathOf(options.id);
  const host = options.host ?? nodeHost;
  const project = options.project ?? createProject(host, words, () => options.root);
  // the one warning for a file that has nothing to compile
  const mayReport = mayHold || mayIgnore(source) || options.warnings?.ERROR_PRIVATE_MEMBERS === "error";
  if (!mayReport && project.isUntouched(path, source)) return undefined;
  const built = project.takeBuilt(options.id, source, words);
  const parsed = built?.parsed ?? parse(options.id, source);
  const file: SourceFile = { file: projectPath(options.root, path), source, origin: options.origin?.() };
  const failure = parseErrorDiagnostic(parsed, file);
  if (failure && mayHold) throw new CompileError([failure]);
  if (failure) return undefined;
  // of what was found before, only the messages depend on the names of the file
  const directives =
    built?.directives.diagnostics.length === 0 ? built.directives : findDirectives(parsed, words, file);
  if (isCompiled(parsed)) return assertNoneLeft(directives, file);
  const model = built?.model ?? buildModel(parsed, directives);
  const analysis = project.analyze(path, source, summarize(model));
  const commonJs = options.commonJs === true;
  const {
    plan,
    diagnostics: found,
    groups,
  } = analyze({
    parsed,
    directives,
    model,
    analysis,
    file,
    root: options.root,
    commonJs,
    packageJson: () => project.packageJson(options.root),
  });
  const left = withoutIgnored(found, { ...parsed, ...file }, (code) => !(code in checkMessages || isFoundAtEnd(code)));
  const diagnostics = atLevels(firstOfEach(left, groups), options.warnings);
  if (diagnostics.some(({ severity }) => severity === "error")) throw new CompileError(diagnostics);
  return plan && { ...rewrite(parsed, plan, options.isMeasured), info: plan.info, diagnostics };
}

function firstOfEach(diagnostics: readonly Diagnostic[], groups: ReadonlyMap<Diagnostic, string>): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter((each) => {
    const group = groups.get(each);
    return group === undefined || (!seen.has(group) && seen.add(group));
  });
}

/** The diagnostics with the severities that a project gives to warnings, without those that it turns off. */
export function atLevels(diagnostics: readonly Diagnostic[], levels: WarningLevels = {}): Diagnostic[] {
  const levelOf = new Map<string, string | undefined>(Object.entries(levels));
  return diagnostics.flatMap((each) => {
    const level = each.severity === "warning" ? levelOf.get(each.code) : undefined;
    return level === "off" ? [] : [level === "error" ? { ...each, severity: level } : each];
  });
}

/** A compiled file contains no directives, unless it is a bundle that includes uncompiled code. */
function assertNoneLeft({ module, functions }: Directives, file: SourceFile): undefined {
  const left = [...(module ? [module] : []), ...functions.values()];
  if (left.length > 0)
    throw new CompileError(
      left.map(({ words, statement }) => createDiagnostic(file, "COMPILED_IN_PART", { directive: words }, statement)),
    );
}
