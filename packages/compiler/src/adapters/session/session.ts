import type { SourceMapInput } from "@jridgewell/trace-mapping";
import type { ModuleInfo } from "@perdure/protocol";
import { isAbsolute, resolve } from "node:path";
import { checkForBrowser, leftIn, stubForBrowser, type Leftover } from "../../compile/browser.ts";
import { CompileError } from "../../compile/compile-error.ts";
import { atLevels, compile, type CompileOptions, type CompileResult } from "../../compile/compile.ts";
import { notIgnored } from "../../compile/found-at-end.ts";
import { lostDirectives, lostInComponent, wasCompiled } from "../../compile/lost-directives.ts";
import { notCompiled, type Build } from "../../compile/not-compiled.ts";
import { createDiagnostic, type Diagnostic, type Origin } from "../../diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS } from "../../directives/directive.ts";
import { idFilter, passes, type Filter } from "../../files/filter.ts";
import { components, pathOf, projectPath, realPath } from "../../files/paths.ts";
import { scriptOf } from "../../phases/1-parse/component.ts";
import { mayHoldDirective } from "../../phases/1-parse/directives.ts";
import { nodeHost, type Host } from "../../project/host.ts";
import { createProject, type Project } from "../../project/project.ts";
import type { BundlerResolve } from "../../project/links/resolve.ts";
import { BackgroundCheck } from "./background-check.ts";
import { explainIn } from "./explain.ts";
import { manifestFile, manifestOf, type ManifestFile } from "./manifest-file.ts";
import type { Options } from "./options.ts";
import { originOf } from "./origin.ts";

/** As the package `debug` reads it: `perdure*`, `perdure:*`, `perdure:explain`, `*`. */
const isDebugged = /(?:^|[\s,])(?:\*|perdure(?::?\*|:explain))(?=$|[\s,])/;

/** The state that all adapters share: one project, and the results of its modules for the manifest. */
export class Session {
  readonly project: Project;
  readonly options: Options;
  readonly filter: Filter;
  readonly typeCheck: BackgroundCheck;
  root: string;
  /** Whether a server recompiles single files. The session then remembers the signature of each compiled module. */
  serves = false;
  /** Whether the coverage of the build's output may be measured. */
  isMeasured = false;
  /** Whether the build is for browsers, where nothing is compiled. */
  forBrowser = false;
  /** The manifest of the last build. */
  manifest: ManifestFile | undefined;
  /**
   * The modules that the bundler passed to the plugin. The value is `undefined` if the module was left unchanged. A component may be
   * several modules, so they have their queries.
   */
  private readonly modules = new Map<string, ModuleInfo | undefined>();
  /** The modules that the bundler passed to the plugin for browsers, and whether they contain durable functions. */
  private readonly browserModules = new Map<string, boolean>();
  /** The modules that another copy of the plugin had already compiled. */
  private readonly compiledBefore = new Set<string>();
  /** The modules of the last build, by environment. */
  private readonly graphs = new Map<string, readonly string[]>();
  private readonly signatures = new Map<string, string>();
  /** The files that have changed results and have not been compiled again. */
  private readonly stale = new Set<string>();

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
    this.browserModules.clear();
    this.compiledBefore.clear();
  }

  /** Follows the imports that only the bundler can resolve. Call it before `compile`, if the bundler has a resolver for plugins. */
  async follow(source: string, id: string, resolver: BundlerResolve | undefined): Promise<void> {
    if (resolver && isAbsolute(pathOf(id))) await this.project.follow(pathOf(id), source, resolver);
  }

  /** The same for the modules of a build that the bundler took from its cache. Call it before `emitManifest`. */
  async followMissed(ids: Iterable<string>, resolver: BundlerResolve | undefined): Promise<void> {
    for (const path of new Set([...ids].map(pathOf)))
      if (!this.modules.has(path) && passes(this.filter, path) && !components.test(path))
        await this.follow(nodeHost.readFile(path) ?? "", path, resolver);
  }

  /** Says which imports of a build could not be followed although a workflow's code depends on them. */
  notFollowed(edges: Iterable<readonly [id: string, imported: readonly string[]]>): Diagnostic[] {
    const place = (path: string): string => projectPath(this.root, path);
    const found = this.project.notFollowed(new Map(edges)).flatMap(({ file, source, target, by, at }) => {
      const each = createDiagnostic(
        { file: place(file), source },
        "IMPORT_NOT_FOLLOWED",
        { file: place(file), target: place(target), by },
        { start: at, end: at + (by?.length ?? 1) },
      );
      return notIgnored([each], file, source);
    });
    return atLevels(found, this.options.warnings);
  }

  compile(
    source: string,
    id: string,
    how: Pick<CompileOptions, "commonJs" | "origin"> = {},
  ): CompileResult | undefined {
    const path = pathOf(id);
    const key = keyOf(id);
    this.debug(path, source, false);
    const result = this.run(source, id, how);
    const before = !result && wasCompiled(source, id);
    this.compiledBefore[before ? "add" : "delete"](key);
    if (before) this.modules.delete(key);
    else this.modules.set(key, result?.info);
    if (this.serves) this.signatures.set(path, this.project.signature(path));
    this.stale.delete(path);
    return result;
  }

  private run(source: string, id: string, how: Pick<CompileOptions, "commonJs" | "origin">): CompileResult | undefined {
    const { warnings } = this.options;
    const options = { id, ...this.common(), ...how, isMeasured: this.isMeasured };
    const result = compile(source, { ...options, project: this.project, ...(warnings && { warnings }) });
    // a file may have clean-up or clock reads to rewrite though its directives are lost
    const lost =
      components.test(id) || this.project.isText(pathOf(id), source) ? undefined : lostDirectives(source, options);
    if (lost) throw new CompileError([lost]);
    return result;
  }

  /** The counterpart of `compile` for browser builds: durable functions only say that they cannot run there. */
  stub(source: string, id: string, how: Pick<CompileOptions, "origin"> = {}): ReturnType<typeof stubForBrowser> {
    this.debug(pathOf(id), source, true);
    const stub = stubForBrowser(source, { id, ...this.common(), ...how });
    this.browserModules.set(pathOf(id), stub !== undefined);
    return stub;
  }

  /**
   * The durable functions that are left in the output of a browser build, one error for each module. What a framework or tree shaking has
   * removed is not.
   */
  leftInBrowser(outputs: Iterable<string>, importers: () => (path: string) => readonly string[]): Diagnostic[] {
    const left = new Map<string, Leftover[]>();
    for (const each of [...outputs].flatMap(leftIn)) left.set(each.file, [...(left.get(each.file) ?? []), each]);
    return [...left].flatMap(([file, places]) => this.refusal(resolve(this.root, file), places, importers()));
  }

  /** The same for a browser build that has failed for a module that `concerns` accepts: it may be one that only exists on a server. */
  inFailedBrowserBuild(
    concerns: (path: string) => boolean,
    importers: () => (path: string) => readonly string[],
  ): Diagnostic[] {
    const modules = [...this.browserModules].flatMap(([path, durable]) => (durable && concerns(path) ? [path] : []));
    return modules.flatMap((path) => this.refusal(path, undefined, importers()));
  }

  private refusal(
    id: string,
    left: readonly Leftover[] | undefined,
    importers: (path: string) => readonly string[],
  ): Diagnostic[] {
    const text = nodeHost.readFile(id) ?? "";
    const { id: script, source } = scriptOf(id, text);
    const origin = { source: text, offsetOf: (offset: number): number => offset };
    const options = { id: script, ...this.common(), importers, origin: () => origin };
    // what another plugin has made of the file may have its directives at other places
    for (const each of left ? [{ ...options, left }, options] : [options]) {
      const found = thrownBy(() => checkForBrowser(source, each));
      if (found.length > 0) return found;
    }
    const { root } = this;
    return [
      createDiagnostic(
        { file: projectPath(root, id), source },
        "BROWSER_IMPORT",
        { file: projectPath(root, id), what: "workflows", chain: [] },
        { start: 0, end: 0 },
      ),
    ];
  }

  /** The file that the user wrote, if `code` is not its text. */
  originOf(id: string, code: string, map: () => SourceMapInput | undefined): Origin | undefined {
    const path = pathOf(id);
    const text = isAbsolute(path) ? nodeHost.readFile(path) : undefined;
    return text === undefined || text === code ? undefined : originOf(path, text, code, map);
  }

  /** The modules passed to the plugin so far, each with the project files that it imports. */
  *importEdges(): Iterable<readonly [path: string, imported: readonly string[]]> {
    for (const path of new Set([...this.modules.keys(), ...this.browserModules.keys()]))
      yield [pathOf(path), this.project.imports(pathOf(path))];
  }

  /** The compiled files whose result would differ now, because other files have changed. */
  outdated(): string[] {
    for (const path of new Set([...this.stale, ...this.project.changes(this.signatures)])) {
      const isStale = this.project.signature(path) !== this.signatures.get(path);
      this.stale[isStale ? "add" : "delete"](path);
    }
    return [...this.stale];
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
    this.graphs.set(environment.name, environment.forBrowser ? [] : [...ids].map(keyOf));
    const paths = new Set([...this.graphs.values()].flat());
    const manifest = manifestOf([...paths].flatMap((path) => this.infoOf(path) ?? []));
    this.options.onManifest?.(manifest);
    return (this.manifest = this.serves ? undefined : manifestFile(manifest, this.options));
  }

  /**
   * Lost directives in the modules of a build that another plugin loaded, and that were therefore never passed to this one.
   *
   * @param outputs - the output of a browser build, from which the other plugin may have removed the functions
   */
  overlooked(ids: Iterable<string>, outputs: readonly string[]): Diagnostic[] {
    const words = { ...DIRECTIVE_WORDS, ...this.options.directives };
    if (this.forBrowser && !outputs.some((each) => mayHoldDirective(each, words))) return [];
    const seen = this.forBrowser ? this.browserModules : this.modules;
    const missed = [...ids].filter(
      (path) => isAbsolute(path) && passes(this.filter, path) && !components.test(path) && !seen.has(path),
    );
    const lost = missed.flatMap((path) => lostDirectives("", { id: path, ...this.common() }) ?? []);
    return [...lost, ...this.uncompiledComponents(ids)];
  }

  /** The components of a build whose directives were in no module that was passed to the plugin. */
  uncompiledComponents(ids: Iterable<string>): Diagnostic[] {
    const compiled = this.compiledFiles();
    const missed = new Set(
      [...ids].filter((id) => components.test(id) && passes(this.filter, id) && !compiled.has(id)),
    );
    return [...missed].flatMap((id) => lostInComponent({ id, ...this.common() }) ?? []);
  }

  /** Says on standard error what becomes of a file, where `$DEBUG` asks for it. */
  private debug(path: string, source: string, forBrowser: boolean): void {
    if (!isDebugged.test(process.env["DEBUG"] ?? "")) return;
    const { text } = explainIn(path, source, this.project, { ...this.options, root: this.root, forBrowser });
    process.stderr.write(text.replace(/^/gm, "perdure:explain ") + "\n");
  }

  /** The calls, in the modules of a build, of durable functions that the build leaves uncompiled. To be asked for after the manifest. */
  notCompiled(ids: Iterable<string>): Diagnostic[] {
    if (this.serves) return [];
    const paths = new Set([...ids].map(pathOf).filter(isAbsolute));
    // few builds leave anything out, and then no path has to be followed
    let real: Map<string, string> | undefined;
    const pathIn = (file: string): string | undefined => {
      if (paths.has(file)) return file;
      real ??= new Map([...paths].map((path) => [realPath(path), path]));
      return real.get(file);
    };
    const compiled = this.compiledFiles();
    const build: Build = {
      root: this.root,
      host: nodeHost,
      project: this.project,
      warnings: this.options.warnings,
      includes: (file) => pathIn(file) !== undefined,
      chooses: (file) => passes(this.filter, pathIn(file) ?? file),
      isCompiled: (file) => compiled.has(file) || compiled.has(pathIn(file) ?? file),
    };
    return [...paths].flatMap((path) => (passes(this.filter, path) ? notCompiled(path, build) : []));
  }

  /** The files that were compiled, by this plugin or before it. */
  private compiledFiles(): Set<string> {
    const here = [...this.modules].flatMap(([key, info]) => (info ? [key] : []));
    return new Set([...here, ...this.compiledBefore].map(pathOf));
  }

  private common(): Pick<CompileOptions, "root" | "directives"> {
    const { directives } = this.options;
    return { root: this.root, ...(directives && { directives }) };
  }

  private infoOf(key: string): ModuleInfo | undefined {
    if (this.modules.has(key)) return this.modules.get(key);
    const isScript = isAbsolute(key) && passes(this.filter, key) && !components.test(pathOf(key));
    const source = isScript ? nodeHost.readFile(key) : undefined;
    return source === undefined ? undefined : this.compile(source, key)?.info;
  }
}

const keyOf = (id: string): string => (components.test(pathOf(id)) ? id : pathOf(id));

function thrownBy(check: () => void): Diagnostic[] {
  try {
    check();
    return [];
  } catch (error) {
    return [...diagnosticsOf(error)];
  }
}

/** The diagnostics of a compile error. Any other error is rethrown. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  if (error instanceof CompileError) return error.diagnostics;
  throw error;
}
