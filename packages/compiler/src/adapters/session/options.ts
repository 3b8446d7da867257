import type { Manifest } from "@perdure/protocol";
// import only types: the check loads all of TypeScript, and must load it only in its own thread
import type { CheckOptions } from "../../check/check.ts";
import type { WarningLevels } from "../../compile/compile.ts";
import type { DirectiveWords } from "../../directives/directive.ts";
import type { DevInspector } from "../dev-server/inspector.ts";
import type { Patterns } from "../../files/filter.ts";

export interface Options {
  /**
   * The files to compile: globs relative to the current directory, or regular expressions on the path.
   * @default every script and component: /\.[cm]?[jt]sx?$/, /\.(vue|svelte|astro)$/
   */
  readonly include?: Patterns;
  /**
   * The files not to compile.
   * @default files in `node_modules`
   */
  readonly exclude?: Patterns;
  /**
   * The names of packages to compile, although they are installed in `node_modules` or linked there: packages that contain durable functions and
   * were not built with this plugin. The plugin for Vite and for esbuild also keeps them from being left external.
   * @default none
   */
  readonly packages?: readonly string[];
  /**
   * The directory that the paths in the manifest and in messages are relative to. Names and step ids do not depend on it.
   * @default the bundler's root: `root`, `context` or `absWorkingDir` of its configuration, else the current directory
   */
  readonly root?: string;
  /**
   * The words of the directives, for projects in which another tool uses "use task" or "use workflow".
   * @default { task: "use task", workflow: "use workflow" }
   */
  readonly directives?: Partial<DirectiveWords>;
  /**
   * The level of each warning, by its code: `"off"`, `"warning"`, or `"error"`, which fails the build. The level of an error cannot be changed.
   * @default "warning" for every code
   */
  readonly warnings?: WarningLevels;
  /**
   * Whether a build writes the manifest to its output directory, as `perdure.manifest.json` or under the given name. A development server never does.
   * @default true
   */
  readonly manifest?: boolean | string;
  /** Called at the end of each build with the manifest. */
  readonly onManifest?: (manifest: Manifest) => void;
  /**
   * Runs the type-aware check in parallel with a production build. The check finds results and inputs that cannot be stored, and fails the
   * build at its end. It does not run in a development server, and runs in a rebuild only if `watch` is set.
   */
  readonly check?: boolean | BuildCheck;
  /**
   * Whether Vite's development server has the inspector of the package `perdure` at `/__perdure`, for this machine alone; an object names the
   * store that it shows, where that is not `$PERDURE_STORE` or `sqlite:perdure.db`.
   * @default true
   */
  readonly inspector?: boolean | DevInspector;
}

/** Options of the type-aware check in a build. */
export interface BuildCheck extends Pick<CheckOptions, "classes"> {
  /** Path of the tsconfig, relative to the root. Default: `tsconfig.json`. */
  readonly tsconfig?: string;
  /** Whether to check every rebuild in watch mode. */
  readonly watch?: boolean;
}
