import { createDiagnostic, type Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DiagnosticParams } from "../diagnostics/messages.ts";
import { components, projectPath } from "../files/paths.ts";
import type { ImportedCall } from "../project/elsewhere.ts";
import type { Host } from "../project/host.ts";
import type { Project } from "../project/project.ts";
import { createNodeResolve } from "../project/links/resolve.ts";
import { atLevels, type WarningLevels } from "./compile.ts";
import { notIgnored } from "./found-at-end.ts";
import { wasCompiled } from "./lost-directives.ts";

/** What a build has made of the modules. */
export interface Build {
  readonly root: string;
  readonly host: Host;
  readonly project: Project;
  readonly warnings: WarningLevels | undefined;
  /** Whether the module is part of the output. */
  includes(file: string): boolean;
  /** Whether the plugin's options choose the module to be compiled. */
  chooses(file: string): boolean;
  /** Whether the module was compiled, by this plugin or before it. */
  isCompiled(file: string): boolean;
}

/**
 * The calls of durable functions, in one module of the build, whose module the build leaves as it is: a package that is external and ships no compiled
 * code, or a file that the plugin's options exclude. Each of these modules is reported once.
 */
export function notCompiled(path: string, build: Build): Diagnostic[] {
  const findings = new Map<string, Finding | undefined>();
  const reported = new Set<string>();
  const calls = build.project.importedCalls(path);
  const source = calls.length === 0 ? "" : (build.host.readFile(path) ?? "");
  return calls.flatMap((call) => {
    if (!findings.has(call.file)) findings.set(call.file, findingOf(call, path, build));
    const finding = findings.get(call.file);
    if (finding === undefined || reported.has(call.file)) return [];
    const other = build.project.otherPackage(call.file, path);
    const params = { name: call.name, file: projectPath(build.root, call.file), package: other, finding };
    const found = createDiagnostic(
      { file: projectPath(build.root, path), source },
      "IMPORT_NOT_COMPILED",
      params,
      call,
    );
    const left = notIgnored([found], path, source);
    if (left.length > 0) reported.add(call.file);
    const level = build.warnings?.IMPORT_NOT_COMPILED ?? (finding === "unknown" ? "warning" : "error");
    return atLevels(left, { IMPORT_NOT_COMPILED: level });
  });
}

/** `component`: the bundler does not let its module be compiled. `unknown`: it is not known what the program loads in place of the module. */
type Finding = DiagnosticParams<"IMPORT_NOT_COMPILED">["finding"];

function findingOf({ specifier, file }: ImportedCall, importer: string, build: Build): Finding | undefined {
  if (build.isCompiled(file)) return undefined;
  if (build.includes(file)) return components.test(file) && build.chooses(file) ? "component" : "excluded";
  // another build may make the other files of the same package
  if (build.project.otherPackage(file, importer) === undefined) return undefined;
  const loaded = createNodeResolve()(specifier, importer);
  if (loaded === undefined) return "unknown";
  if (loaded === build.project.resolve(specifier, importer)) return "external";
  return leadsToCompiled(loaded, build.host) ? undefined : "unknown";
}

/** As many files of a package are searched for compiled code. */
const MOST_FILES = 100;

/** Whether the file, or one of the files that it imports with a relative path, is compiled. */
function leadsToCompiled(start: string, host: Host): boolean {
  const resolve = createNodeResolve();
  const files = new Set([start]);
  for (const file of files) {
    const source = host.readFile(file) ?? "";
    if (wasCompiled(source, file)) return true;
    for (const [, specifier = ""] of source.matchAll(/["'](\.{1,2}\/[^"'\n]*)["']/g)) {
      const next = resolve(specifier, file);
      if (next !== undefined && files.size < MOST_FILES) files.add(next);
    }
  }
  return false;
}
