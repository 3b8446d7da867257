import type { ts } from "ts-morph";
import { directiveWords, manifestName, projectOptions, warningLevels } from "../session/project-options.ts";
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

function optionsOf({ root, directives, warnings, manifest }: PluginConfig): ConstructorParameters<typeof Sources>[0] {
  const options = projectOptions();
  return {
    root: root ?? options.root,
    directives: { ...options.directives, ...directiveWords(directives) },
    warnings: { ...options.warnings, ...warningLevels(warnings) },
    manifest: manifestName(manifest ?? options.manifest),
  };
}
