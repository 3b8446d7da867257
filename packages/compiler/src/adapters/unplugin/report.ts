import type { UnpluginBuildContext, UnpluginMessage } from "unplugin";
import { formatDiagnostic, type Diagnostic } from "../../diagnostics/diagnostic.ts";

/** Whether the bundler is in watch mode. */
export function isWatching(context: UnpluginBuildContext): boolean {
  const native = context.getNativeBuildContext?.();
  if (native && "compiler" in native) return native.compiler.watchMode === true;
  const meta: unknown = Reflect.get(context, "meta"); // Rollup's context, and similar ones
  return typeof meta === "object" && meta !== null && Reflect.get(meta, "watchMode") === true;
}

/**
 * Reports diagnostics at the end of a build, for which each bundler has its own way. All errors go into one message, since the first one
 * ends the build.
 */
export function reportAtEnd(
  context: UnpluginBuildContext,
  diagnostics: readonly Diagnostic[],
  messageOf: (diagnostics: readonly Diagnostic[]) => UnpluginMessage,
): void {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const warnings = diagnostics.filter(({ severity }) => severity === "warning");
  const native = context.getNativeBuildContext?.();
  if (native && "compilation" in native && native.compilation) {
    native.compilation.warnings.push(...warnings.map(asError));
    native.compilation.errors.push(...errors.map(asError));
    return;
  }
  for (const each of warnings) reportOne(context, "warn", messageOf([each]));
  if (errors.length > 0) reportOne(context, "error", messageOf(errors));
}

const asError = (diagnostic: Diagnostic): Error => new Error(formatDiagnostic(diagnostic));

/** Uses the bundler's own way to report, if its context has one. */
function reportOne(context: UnpluginBuildContext, how: "warn" | "error", message: UnpluginMessage): void {
  const own: unknown = Reflect.get(context, how);
  if (typeof own === "function") own.call(context, message);
  else if (how === "warn") console.warn(message.message);
  else throw new Error(message.message);
}
