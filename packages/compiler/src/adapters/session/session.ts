import type { ModuleInfo } from "@perdure/protocol";
import { isAbsolute } from "node:path";
import { checkForBrowser } from "../../compile/browser.ts";
import { CompileError } from "../../compile/compile-error.ts";
import { notCompiled, type Build } from "../../compile/not-compiled.ts";
import { compile, type CompileOptions, type CompileResult } from "../../compile/compile.ts";
import { lostDirectives, wasCompiled } from "../../compile/lost-directives.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS } from "../../directives/directive.ts";
import { idFilter, passes, type Filter } from "../../files/filter.ts";
import { pathOf, realPath } from "../../files/paths.ts";
import { nodeHost, type Host } from "../../project/host.ts";
import { createProject, type Project } from "../../project/project.ts";
import { BackgroundCheck } from "./background-check.ts";
import { manifestFile, manifestOf, type ManifestFile } from "./manifest-file.ts";
import type { Options } from "./options.ts";

/** The state that all adapters share: one project, and the results of its modules for the manifest. */
export class Session {
  readonly project: Project;
  readonly options: Options;
  readonly filter: Filter;
  readonly typeCheck: BackgroundCheck;
  root: string;
  /** Whether a server recompiles single files. The session then remembers the signature of each compiled module. */
  serves = false;
  /** Whether the build is for browsers, where nothing is compiled. */
  forBrowser = false;
  /** The manifest of the last build. */
  manifest: ManifestFile | undefined;
  /** The modules that the bundler passed to the plugin. The value is `undefined` if the module was left unchanged. */
  private readonly modules = new Map<string, ModuleInfo | undefined>();
  /** The modules that another copy of the plugin had already compiled. */
  private readonly compiledBefore = new Set<string>();
  /** The modules of the last build, by environment. */
  private readonly graphs = new Map<string, readonly string[]>();
  private readonly signatures = new Map<string, string>();

  constructor(options: Options, host: Host = nodeHost) {
    this.options = options;
    this.filter = idFilter(options);
    this.typeCheck = new BackgroundCheck(options);
    this.root = options.root ?? process.cwd();
    this.project = createProject(
      host,
      { ...DIRECTIVE_WORDS, ...options.directives },
      () => this.root,
      options.packages,
    );
  }

  /** Sets the bundler's root, unless the option `root` is given. */
  rootedAt(directory: string | undefined): void {
    this.root = this.options.root ?? directory ?? process.cwd();
  }

  /** Call it before a build that passes every module to the plugin again. */
  restart(): void {
    this.project.refresh();
    this.modules.clear();
    this.compiledBefore.clear();
  }

  compile(source: string, id: string, how: Pick<CompileOptions, "commonJs"> = {}): CompileResult | undefined {
    const path = pathOf(id);
    const result = this.run(source, id, how);
    const before = !result && wasCompiled(source, id);
    this.compiledBefore[before ? "add" : "delete"](path);
    if (before) this.modules.delete(path);
    else this.modules.set(path, result?.info);
    if (this.serves) this.signatures.set(path, this.project.signature(path));
    return result;
  }

  private run(source: string, id: string, how: Pick<CompileOptions, "commonJs">): CompileResult | undefined {
    const { warnings } = this.options;
    const options = { id, ...this.common(), ...how };
    const result = compile(source, { ...options, project: this.project, ...(warnings && { warnings }) });
    // a file may have clean-up or clock reads to rewrite though its directives are lost
    const lost = lostDirectives(source, options);
    if (lost) throw new CompileError([lost]);
    return result;
  }

  /** The counterpart of `compile` for browser builds: throws if the module contains anything that would have to be compiled. */
  refuseInBrowser(source: string, id: string, importers: () => (path: string) => readonly string[]): void {
    if (!this.modules.has(pathOf(id))) this.modules.set(pathOf(id), undefined);
    let known: ((path: string) => readonly string[]) | undefined;
    checkForBrowser(source, { id, ...this.common(), importers: (path) => (known ??= importers())(path) });
  }

  /** The modules passed to the plugin so far, each with the project files that it imports. */
  *importEdges(): Iterable<readonly [path: string, imported: readonly string[]]> {
    for (const path of this.modules.keys()) yield [path, this.project.imports(path)];
  }

  /** The compiled files whose result would differ now, because other files have changed. */
  outdated(): string[] {
    return [...this.signatures].flatMap(([path, signature]) =>
      this.project.signature(path) === signature ? [] : [path],
    );
  }

  invalidate(path: string): void {
    this.project.invalidate(pathOf(path));
  }

  /** Files whose change may change the result for `id`. */
  watched(id: string): string[] {
    return isAbsolute(pathOf(id)) ? this.project.dependencies(pathOf(id)) : [];
  }

  /**
   * The manifest of a build, as a file to write.
   *
   * @param ids - The modules of the build, or of one environment of it. Modules that the bundler took from its cache, or that another copy of
   *   the plugin compiled, are compiled only for the manifest. Modules of earlier builds that are not in `ids` are left out.
   *   Default: the modules passed to the plugin.
   */
  emitManifest(
    ids: Iterable<string> = [...this.modules.keys(), ...this.compiledBefore],
    environment = { name: "", forBrowser: this.forBrowser },
  ): ManifestFile | undefined {
    this.graphs.set(environment.name, environment.forBrowser ? [] : [...ids].map(pathOf));
    const paths = new Set([...this.graphs.values()].flat());
    const manifest = manifestOf([...paths].flatMap((path) => this.infoOf(path) ?? []));
    this.options.onManifest?.(manifest);
    return (this.manifest = this.serves ? undefined : manifestFile(manifest, this.options));
  }

  /** Lost directives in the modules of a build that another plugin loaded, and that were therefore never passed to this one. */
  overlooked(ids: Iterable<string>): Diagnostic[] {
    const missed = [...ids].filter((path) => isAbsolute(path) && passes(this.filter, path) && !this.modules.has(path));
    return missed.flatMap((path) => lostDirectives("", { id: path, ...this.common() }) ?? []);
  }

  /** The calls, in the modules of a build, of durable functions that the build leaves uncompiled. To be asked for after the manifest. */
  notCompiled(ids: Iterable<string>): Diagnostic[] {
    if (this.serves) return [];
    const paths = new Set([...ids].map(pathOf).filter(isAbsolute));
    const files = new Map([...paths].map((path) => [realPath(path), path]));
    const build: Build = {
      root: this.root,
      host: nodeHost,
      project: this.project,
      warnings: this.options.warnings,
      includes: (file) => files.has(file),
      isCompiled: (file) =>
        [file, files.get(file) ?? file].some((path) => this.compiledBefore.has(path) || this.modules.get(path)),
    };
    return [...paths].flatMap((path) => (passes(this.filter, path) ? notCompiled(path, build) : []));
  }

  private common(): Pick<CompileOptions, "root" | "directives"> {
    const { directives } = this.options;
    return { root: this.root, ...(directives && { directives }) };
  }

  private infoOf(path: string): ModuleInfo | undefined {
    if (this.modules.has(path)) return this.modules.get(path);
    const source = isAbsolute(path) && passes(this.filter, path) ? nodeHost.readFile(path) : undefined;
    return source === undefined ? undefined : this.compile(source, path)?.info;
  }
}

/** The diagnostics of a compile error. Any other error is rethrown. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  if (error instanceof CompileError) return error.diagnostics;
  throw error;
}
