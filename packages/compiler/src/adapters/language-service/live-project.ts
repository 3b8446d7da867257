import { resolve } from "node:path";
import type { ts } from "ts-morph";
import { projectOptions, valuesOf } from "../session/project-options.ts";
import { CompileError } from "../../compile/compile-error.ts";
import { compile, type WarningLevels } from "../../compile/compile.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS, type DirectiveWords } from "../../directives/directive.ts";
import { member } from "../../files/json.ts";
import { isProjectFile, pathOf } from "../../files/paths.ts";
import { mayHoldDirective } from "../../phases/1-parse/directives.ts";
import { Packages } from "../../project/packages.ts";
import { createProject, type Project } from "../../project/project.ts";
import { createResolve, type Resolver } from "../../project/links/resolve.ts";

/** The entry in `plugins` of tsconfig.json, and the field `perdure` of package.json below it. */
interface Options {
  readonly root: string;
  readonly words: DirectiveWords;
  readonly warnings: WarningLevels;
  readonly packages: readonly string[];
}

/** The compiler's view of a project that is being edited: the text of an open file is that of the editor, not that on disk. */
export class LiveProject {
  readonly options: Options;
  private readonly api: typeof ts;
  private readonly info: ts.server.PluginCreateInfo;
  private readonly project: Project;
  private readonly packages: Packages;
  private readonly resolve: Resolver;
  private readonly resolved = new Map<string, string | undefined>();
  /** The version of each file that the compiler has read. */
  private readonly versions = new Map<string, string>();
  private readonly found = new Map<string, { readonly version: string; readonly diagnostics: readonly Diagnostic[] }>();
  private program: ts.Program | undefined;
  private files = "";

  /** @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID` */
  constructor(api: typeof ts, info: ts.server.PluginCreateInfo) {
    this.api = api;
    this.info = info;
    this.options = readOptions(info);
    const host = {
      readFile: (path: string) => this.read(path),
      resolve: (specifier: string, importer: string) => this.resolveOnce(specifier, importer),
    };
    const { words, packages } = this.options;
    this.packages = new Packages(host, words, packages);
    this.resolve = createResolve((file) => this.packages.follows(file));
    this.project = createProject(host, words, () => this.options.root, packages);
  }

  /** What a build would say about a file. Empty for a file that it would not compile. */
  diagnostics(fileName: string): readonly Diagnostic[] {
    const path = pathOf(fileName);
    const source = isProjectFile(path) ? this.textOf(fileName) : undefined;
    if (source === undefined || !mayHoldDirective(source, this.options.words)) return [];
    this.update();
    const version = this.versionOf(path);
    const known = this.found.get(path);
    if (known?.version === version) return known.diagnostics;
    const diagnostics = this.compile(path, source).filter(
      ({ code }) => code !== "PARSE_ERROR" || this.isValid(fileName), // TypeScript has said it already
    );
    this.found.set(path, { version, diagnostics });
    return diagnostics;
  }

  private isValid(fileName: string): boolean {
    return this.info.languageService.getSyntacticDiagnostics(fileName).length === 0;
  }

  private compile(path: string, source: string): readonly Diagnostic[] {
    const { root, words, warnings } = this.options;
    try {
      return compile(source, { id: path, root, directives: words, warnings, project: this.project })?.diagnostics ?? [];
    } catch (error) {
      if (error instanceof CompileError) return error.diagnostics;
      throw error;
    }
  }

  /** Forgets what was derived from files that have changed since the last call. */
  private update(): void {
    const program = this.info.languageService.getProgram();
    if (program && program !== this.program) {
      this.program = program;
      const files = program.getSourceFiles().flatMap((each) => (each.isDeclarationFile ? [] : [each.fileName]));
      if (files.join("\n") !== this.files) this.forgetResolutions();
      this.files = files.join("\n");
    }
    for (const [path, version] of this.versions) {
      if (this.versionOf(path) === version) continue;
      this.versions.delete(path);
      this.project.invalidate(path);
      this.found.clear();
    }
  }

  /** A new file can be what an import means, a removed one no longer. */
  private forgetResolutions(): void {
    this.resolved.clear();
    this.resolve.clear();
    this.packages.clear();
    this.project.refresh();
    this.found.clear();
  }

  private read(path: string): string | undefined {
    this.versions.set(path, this.versionOf(path));
    return this.textOf(path);
  }

  private textOf(path: string): string | undefined {
    const snapshot = this.script(path)?.getSnapshot();
    return snapshot ? snapshot.getText(0, snapshot.getLength()) : this.info.serverHost.readFile(path);
  }

  private versionOf(path: string): string {
    const { serverHost } = this.info;
    return this.script(path)?.getLatestVersion() ?? String(serverHost.getModifiedTime?.(path)?.getTime() ?? "");
  }

  private script(path: string): ts.server.ScriptInfo | undefined {
    return this.info.project.projectService.getScriptInfo(path);
  }

  private resolveOnce(specifier: string, importer: string): string | undefined {
    const key = `${importer}\0${specifier}`;
    if (!this.resolved.has(key))
      this.resolved.set(key, this.resolve(specifier, importer) ?? this.resolveOpen(specifier, importer));
    return this.resolved.get(key);
  }

  /** TypeScript's own resolver also finds open files that have not been saved yet. */
  private resolveOpen(specifier: string, importer: string): string | undefined {
    const { project } = this.info;
    const options = project.getCompilationSettings();
    const found = this.api.resolveModuleName(specifier, importer, options, project).resolvedModule?.resolvedFileName;
    return found !== undefined && isProjectFile(found) ? found : undefined;
  }
}

/** What the entry may hold besides: TypeScript's own keys, and those that are read here. */
const OTHERS = ["name", "global", "root"];

/** @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID` */
function readOptions({ config, project }: ts.server.PluginCreateInfo): Options {
  const directory = project.getCurrentDirectory();
  const options = projectOptions(directory);
  const own = valuesOf(config, "unplugin-perdure/typescript-plugin", OTHERS);
  const root: unknown = member(config, "root");
  return {
    root: typeof root === "string" ? pathOf(resolve(directory, root)) : options.root,
    words: { ...DIRECTIVE_WORDS, ...options.directives, ...own.directives },
    warnings: { ...options.warnings, ...own.warnings },
    packages: [...options.packages, ...own.packages],
  };
}
