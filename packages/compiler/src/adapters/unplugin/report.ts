import { join } from "node:path";
import type { UnpluginBuildContext, UnpluginContext, UnpluginContextMeta, UnpluginMessage } from "unplugin";
import { formatDiagnostic, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { pathOf } from "../../files/paths.ts";
import type { Session } from "../session/session.ts";
import { importersOf } from "./graph.ts";

const text = (diagnostics: readonly Diagnostic[]): string => diagnostics.map(formatDiagnostic).join("\n\n");

/** Whether the bundler prints the location itself: Rollup and its relatives do if a message has a `loc`. */
const printsLocation = ({ framework }: UnpluginContextMeta): boolean =>
  framework === "rollup" || framework === "rolldown" || framework === "vite";

function located(diagnostics: readonly Diagnostic[], id: string): UnpluginMessage {
  const [first] = diagnostics;
  const message = text(diagnostics);
  return first
    ? {
        message,
        pluginCode: first.code,
        loc: { file: pathOf(id), line: first.line, column: first.column - 1 },
      }
    : { message };
}

/**
 * Fails the module. Except in Rollup and its relatives, `error` would only collect the message and continue with uncompiled code. In Farm
 * 1.7 it aborts the process.
 */
export function fail(
  context: UnpluginContext,
  diagnostics: readonly Diagnostic[],
  id: string,
  meta: UnpluginContextMeta,
): never {
  if (printsLocation(meta)) context.error(located(diagnostics, id));
  throw Object.assign(new Error(text(diagnostics)), { hideStack: true });
}

export function warn(
  context: UnpluginContext & Pick<UnpluginBuildContext, "getNativeBuildContext">,
  diagnostic: Diagnostic,
  id: string,
  meta: UnpluginContextMeta,
): void {
  const native = context.getNativeBuildContext?.();
  if (native?.framework === "farm") native.context.warn(text([diagnostic]));
  else context.warn(printsLocation(meta) ? located([diagnostic], id) : text([diagnostic]));
}

/** Whether the bundler is in watch mode. */
export function isWatching(context: Partial<UnpluginBuildContext>): boolean {
  const native = context.getNativeBuildContext?.();
  if (native && "compiler" in native) return native.compiler.watchMode === true;
  return watchModeOf(context) === true;
}

/** Whether the files that a module depends on are of use: to watch them, or to tell whether what is in a cache still holds. Only Rollup's relatives say that they are not. */
export const mayWatch = (context: object): boolean => watchModeOf(context) !== false;

/** The watch mode in the context of Rollup and its relatives. */
function watchModeOf(context: object): unknown {
  const meta: unknown = Reflect.get(context, "meta");
  return typeof meta === "object" && meta !== null ? Reflect.get(meta, "watchMode") : undefined;
}

/**
 * Reports diagnostics at the end of a build, for which each bundler has its own way. All errors go into one message, since the first one
 * ends the build.
 */
export function reportAtEnd(
  context: Partial<UnpluginBuildContext>,
  diagnostics: readonly Diagnostic[],
  root: string,
): void {
  const messageOf = (found: readonly Diagnostic[]): UnpluginMessage => located(found, join(root, found[0]?.file ?? ""));
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
function reportOne(context: object, how: "warn" | "error", message: UnpluginMessage): void {
  const own: unknown = Reflect.get(context, how);
  if (typeof own === "function") own.call(context, message);
  else if (how === "warn") console.warn(message.message);
  else throw new Error(message.message);
}

type Output = { readonly type: "chunk"; readonly code: string } | { readonly type: "asset" };

/** Fails a browser build of Rollup's relatives if durable functions are left in its chunks. */
export function refuseLeftovers(context: object, session: Session, bundle: Readonly<Record<string, Output>>): void {
  const chunks = Object.values(bundle).flatMap((each) => (each.type === "chunk" ? [each.code] : []));
  reportAtEnd(
    context,
    session.leftInBrowser(chunks, () => importersOf(context, session)),
    session.root,
  );
}
