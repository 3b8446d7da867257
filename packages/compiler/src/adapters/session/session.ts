import type { ModuleInfo } from "@perdure/protocol";
import { isAbsolute } from "node:path";
import { checkForBrowser } from "../../compile/browser.ts";
import { CompileError } from "../../compile/compile-error.ts";
import { compile, type CompileOptions, type CompileResult } from "../../compile/compile.ts";
import { lostDirectives, wasCompiled } from "../../compile/lost-directives.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS } from "../../directives/directive.ts";
import { idFilter, passes, type Filter } from "../../files/filter.ts";
import { pathOf } from "../../files/paths.ts";
import { nodeHost, type Host } from "../../project/host.ts";
import { createProject, type Project } from "../../project/project.ts";
import { BackgroundCheck } from "./background-check.ts";
import { manifestFile, manifestOf, type ManifestFile } from "./manifest-file.ts";
import type { Options } from "./options.ts";

/** What all adapters share: one compiler over one project, and the manifest of what it compiled. */
export class Session {
  readonly project: Project;
  readonly options: Options;
  readonly filter: Filter;
  readonly typeCheck: BackgroundCheck;
  root: string;
  /** A server that compiles single files again: the session remembers what the others depend on. */
  serves = false;
  /** The build is for browsers, where nothing is compiled. */
  forBrowser = false;
  /** Of the last build. */
  manifest: ManifestFile | undefined;
  /** What became of each module that came by; nothing where it has to stay as it is. */
  private readonly modules = new Map<string, ModuleInfo | undefined>();
  /** The modules that another copy of the plugin had compiled. */
  private readonly compiledBefore = new Set<string>();
  /** The modules of each environment's last build. */
  private readonly graphs = new Map<string, readonly string[]>();
  private readonly signatures = new Map<string, string>();

  constructor(options: Options, host: Host = nodeHost) {
    this.options = options;
    this.filter = idFilter(options);
    this.typeCheck = new BackgroundCheck(options);
    this.root = options.root ?? process.cwd();
    this.project = createProject(host, { ...DIRECTIVE_WORDS, ...options.directives }, () => this.root);
  }

  /** The bundler says where its project is; an option goes before that. */
  rootedAt(directory: string | undefined): void {
    this.root = this.options.root ?? directory ?? process.cwd();
  }

  /** The next build begins, and every module comes by again. */
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

  /** The same for a module on its way to a browser: it may hold nothing that would have to be compiled. */
  refuseInBrowser(source: string, id: string, importers: () => (path: string) => readonly string[]): void {
    if (!this.modules.has(pathOf(id))) this.modules.set(pathOf(id), undefined);
    let known: ((path: string) => readonly string[]) | undefined;
    checkForBrowser(source, { id, ...this.common(), importers: (path) => (known ??= importers())(path) });
  }

  /** The modules that came by, each with the project files that it imports. */
  *seen(): Iterable<readonly [path: string, imported: readonly string[]]> {
    for (const path of this.modules.keys()) yield [path, this.project.imports(path)];
  }

  /** The files compiled before whose outcome has changed with the files on disk, though they have not. */
  outdated(): string[] {
    return [...this.signatures].flatMap(([path, signature]) =>
      this.project.signature(path) === signature ? [] : [path],
    );
  }

  invalidate(path: string): void {
    this.project.invalidate(pathOf(path));
  }

  /** Files that a change of which may change what becomes of `id`. */
  watched(id: string): string[] {
    return isAbsolute(pathOf(id)) ? this.project.dependencies(pathOf(id)) : [];
  }

  /**
   * The manifest of a build, as the file that it has to write.
   *
   * `ids`: the modules that the build consists of, or one environment of it. Those that a bundler has taken from its cache, or
   * another copy of the plugin has compiled, are compiled for this alone; those that came by earlier and are gone are left out.
   * Default: what came by.
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

  /** The directives in modules of a build that another plugin has loaded, so that they never came by. */
  overlooked(ids: Iterable<string>): Diagnostic[] {
    const missed = [...ids].filter((path) => isAbsolute(path) && passes(this.filter, path) && !this.modules.has(path));
    return missed.flatMap((path) => lostDirectives("", { id: path, ...this.common() }) ?? []);
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

/** The diagnostics of a compile error; anything else is thrown again. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  if (error instanceof CompileError) return error.diagnostics;
  throw error;
}
