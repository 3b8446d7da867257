import type { ts } from "ts-morph";
import { projectOptions, valuesOf } from "../session/project-options.ts";
import { compiledProgram, isOfCompiled } from "./program.ts";
import { Sources } from "./sources.ts";

/** An entry of `plugins` in tsconfig.json, as ts-patch passes it on. */
export interface PluginConfig {
  readonly root?: string;
  readonly directives?: unknown;
  readonly warnings?: unknown;
  readonly manifest?: unknown;
}

/** One `Sources` for each compiler host, so that it is kept for all programs of a watch. */
const known = new WeakMap<ts.CompilerHost, Sources>();

/**
 * A program transformer for `tsc` through ts-patch: `{ "transform": "unplugin-perdure/tsc", "transformProgram": true }`.
 * Types, declarations and diagnostics come from the original sources. JavaScript comes from the compiled sources.
 */
export default function transformProgram(
  program: ts.Program,
  host: ts.CompilerHost | undefined,
  config: PluginConfig,
  { ts: api }: { readonly ts: typeof ts },
): ts.Program {
  if (host && isOfCompiled(host)) return program;
  const files = host ?? api.createCompilerHost(program.getCompilerOptions());
  const sources = known.get(files) ?? new Sources(optionsOf(config));
  known.set(files, sources);
  return compiledProgram(program, files, sources, api);
}

/** What an entry of `plugins` may hold besides: the keys of ts-patch, and the name by which TypeScript's own plugins are found. */
const OTHERS = [
  "root",
  "transform",
  "transformProgram",
  "import",
  "isEsm",
  "type",
  "after",
  "afterDeclarations",
  "resolvePathAliases",
  "tsConfig",
  "name",
];

function optionsOf(config: PluginConfig): ConstructorParameters<typeof Sources>[0] {
  const options = projectOptions();
  const own = valuesOf(config, "the plugin in tsconfig.json", OTHERS);
  return {
    root: config.root ?? options.root,
    directives: { ...options.directives, ...own.directives },
    warnings: { ...options.warnings, ...own.warnings },
    packages: [...options.packages, ...own.packages],
    manifest: config.manifest === undefined ? options.manifest : own.manifest,
  };
}
