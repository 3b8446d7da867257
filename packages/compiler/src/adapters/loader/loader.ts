import { dirname, isAbsolute } from "node:path";
import { CompileError } from "../../compile/compile-error.ts";
import { formatDiagnostic } from "../../diagnostics/diagnostic.ts";
import { passes } from "../../files/filter.ts";
import type { BundlerResolve } from "../../project/links/resolve.ts";
import type { Options } from "../session/options.ts";
import { Session } from "../session/session.ts";

/** The options that can be written as JSON: Turbopack passes no others to a loader. Which files are compiled is a matter of its rules. */
export type LoaderOptions = Pick<Options, "root" | "directives" | "warnings">;

/** The part of webpack's loader interface that is used here. Turbopack implements it. */
export interface LoaderContext {
  readonly resourcePath: string;
  readonly rootContext: string;
  readonly target?: string;
  readonly mode?: string;
  getOptions(): LoaderOptions;
  getResolve(options: object): (directory: string, request: string) => Promise<string>;
  async(): (error: Error | undefined, code?: string, map?: object) => void;
  addDependency(file: string): void;
  emitWarning(warning: Error): void;
}

/** By options: a loader is called for one file after the other, and they are of one project. */
const sessions = new Map<string, Session>();

function sessionOf({ rootContext, mode }: LoaderContext, options: LoaderOptions): Session {
  const key = JSON.stringify([rootContext, options]);
  const session = sessions.get(key) ?? new Session(options);
  session.rootedAt(rootContext);
  // the file that was changed may have been compiled in another process
  if (mode === "development" && sessions.has(key)) session.project.refresh();
  sessions.set(key, session);
  return session;
}

/** Makes the bundler print the message without the compiler's stack. */
const shown = (message: string): Error => Object.assign(new Error(message), { stack: message, hideStack: true });

/** The bundler's resolver knows its aliases. */
function resolverOf(context: LoaderContext): BundlerResolve {
  const resolve = context.getResolve({});
  return async (specifier, importer) => {
    const path = await resolve(dirname(importer), specifier).catch(() => undefined);
    return path !== undefined && isAbsolute(path) ? path : undefined;
  };
}

interface Loaded {
  readonly code: string;
  readonly map: object;
}

async function load(context: LoaderContext, source: string): Promise<Loaded | undefined> {
  const path = context.resourcePath;
  const session = sessionOf(context, context.getOptions());
  if (!passes(session.filter, path)) return undefined;
  // of browsers, and of Next's edge runtime
  if (context.target === "web") return session.stub(source, path);
  await session.follow(source, path, resolverOf(context));
  const result = session.compile(source, path);
  for (const file of session.watched(path)) context.addDependency(file);
  for (const each of result?.diagnostics ?? []) context.emitWarning(shown(formatDiagnostic(each)));
  return result;
}

/** A loader for Turbopack, which has loaders and no plugins. It compiles one file. */
export default function perdure(this: LoaderContext, source: string): void {
  const callback = this.async();
  load(this, source).then(
    (loaded) => callback(undefined, loaded?.code ?? source, loaded && { ...loaded.map }),
    (error: unknown) => callback(error instanceof CompileError ? shown(error.message) : (error as Error)),
  );
}
