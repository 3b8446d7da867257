import { DIRECTIVE_WORDS, type Diagnostic, type DirectiveWords, type Manifest, type ModuleInfo } from "@perdure/protocol";
import { isAbsolute } from "node:path";
import { compile, CompileError, type CompileResult, type WarningLevels } from "../compile.ts";
import { pathOf } from "../phases/1-parse/parse.ts";
import { createProject, nodeHost, type Project } from "../project.ts";

type Pattern = string | RegExp;

export interface Options {
  /** Which files are compiled, by path; by default every script. */
  readonly include?: Pattern | readonly Pattern[];
  /** Which files are not; by default what is in `node_modules`. */
  readonly exclude?: Pattern | readonly Pattern[];
  /** Directory that the paths in manifest and messages start from; by default the bundler's root. */
  readonly root?: string;
  /** Words that begin a directive, when "use task" and "use workflow" belong to another tool. */
  readonly directives?: Partial<DirectiveWords>;
  /**
   * What becomes of warnings, by their code: `"off"`, `"warning"` (the default) or `"error"`, which fails the build. Errors stay errors.
   */
  readonly warnings?: WarningLevels;
  /** Called with all modules compiled so far, at the end of each build. */
  readonly onManifest?: (manifest: Manifest) => void;
}

export const scripts = /\.[cm]?[jt]sx?(?:\?.*)?$/;
const packages = /[\\/]node_modules[\\/]/;
const virtual = /\0/;

const list = (patterns: Options["include"]): Pattern[] => (patterns === undefined ? [] : [patterns].flat());

/** The file ids that the plugin looks at, for bundlers that filter themselves. */
export const idFilter = ({ include, exclude }: Options): { include: Pattern[]; exclude: Pattern[] } => ({
  include: include === undefined ? [scripts] : list(include),
  exclude: [virtual, ...(exclude === undefined ? [packages] : list(exclude))],
});

/** What all adapters share: one compiler over one project, and the manifest of what it compiled. */
export class Session {
  readonly project: Project;
  readonly options: Options;
  root: string;
  /** A server that compiles single files again: the session remembers what the others depend on. */
  serves = false;
  private readonly modules = new Map<string, ModuleInfo>();
  private readonly signatures = new Map<string, string>();

  constructor(options: Options) {
    this.options = options;
    this.root = options.root ?? process.cwd();
    this.project = createProject(nodeHost, { ...DIRECTIVE_WORDS, ...options.directives }, () => this.root);
  }

  compile(source: string, id: string): CompileResult | undefined {
    const path = pathOf(id);
    const { directives, warnings } = this.options;
    const result = compile(source, { id, root: this.root, project: this.project, ...(directives && { directives }), ...(warnings && { warnings }) });
    if (result) this.modules.set(path, result.info);
    else this.modules.delete(path);
    if (this.serves) this.signatures.set(path, this.project.signature(path));
    return result;
  }

  /** The files compiled before whose outcome has changed with the files on disk, though they have not. */
  outdated(): string[] {
    return [...this.signatures].flatMap(([path, signature]) => (this.project.signature(path) === signature ? [] : [path]));
  }

  invalidate(path: string): void {
    this.project.invalidate(pathOf(path));
  }

  /** Files that a change of which may change what becomes of `id`. */
  watched(id: string): string[] {
    return isAbsolute(pathOf(id)) ? this.project.dependencies(pathOf(id)) : [];
  }

  emitManifest(): void {
    this.options.onManifest?.({ version: 1, modules: [...this.modules.values()].sort((a, b) => (a.file < b.file ? -1 : 1)) });
  }
}

/** The diagnostics of a compile error; anything else is thrown again. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  if (error instanceof CompileError) return error.diagnostics;
  throw error;
}
