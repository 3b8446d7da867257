import type { Manifest } from "@perdure/protocol";
// a type only: what checks loads a whole TypeScript, and is loaded in the other thread
import type { CheckOptions } from "../../check/check.ts";
import type { WarningLevels } from "../../compile/compile.ts";
import type { DirectiveWords } from "../../directives/directive.ts";
import type { Patterns } from "../../files/filter.ts";

export interface Options {
  /**
   * Which files are compiled: globs from the current directory, or regular expressions on the path.
   * @default every script: /\.[cm]?[jt]sx?$/
   */
  readonly include?: Patterns;
  /**
   * Which files are not.
   * @default what is in `node_modules`
   */
  readonly exclude?: Patterns;
  /**
   * Directory that the paths in manifest and messages start from. Names and step ids do not depend on it.
   * @default the bundler's root: `root`, `context` or `absWorkingDir` of its configuration, else the current directory
   */
  readonly root?: string;
  /**
   * Words that begin a directive, when "use task" and "use workflow" belong to another tool.
   * @default { task: "use task", workflow: "use workflow" }
   */
  readonly directives?: Partial<DirectiveWords>;
  /**
   * What becomes of warnings, by their code: `"off"`, `"warning"`, or `"error"`, which fails the build. Errors stay errors.
   * @default "warning" for all of them
   */
  readonly warnings?: WarningLevels;
  /**
   * Whether a build writes the manifest beside its output, as `perdure.manifest.json`, or the name to write it under. Never a development server.
   * @default true
   */
  readonly manifest?: boolean | string;
  /** Called at the end of each build with what the compiler knows of its modules. */
  readonly onManifest?: (manifest: Manifest) => void;
  /**
   * Finds results and inputs that cannot be stored, by their types, beside a production build, and fails the build at its end. Not in a
   * dev server, and not in a rebuild unless `watch` says so.
   */
  readonly check?: boolean | BuildCheck;
}

/** The type-aware check in a build. */
export interface BuildCheck extends Pick<CheckOptions, "classes"> {
  /** Path of the tsconfig from the root. Default: `tsconfig.json`. */
  readonly tsconfig?: string;
  /** Check each rebuild of a watching bundler too. */
  readonly watch?: boolean;
}
