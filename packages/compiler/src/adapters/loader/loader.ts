import { formatDiagnostic } from "../../diagnostics/diagnostic.ts";
import { passes } from "../../files/filter.ts";
import type { Options } from "../session/options.ts";
import { Session } from "../session/session.ts";

/** The options that can be written as JSON, which is what Turbopack passes to a loader. */
export type LoaderOptions = Pick<Options, "root" | "directives" | "warnings">;

/** The part of webpack's loader interface that is used here. Turbopack has no more than that. */
export interface LoaderContext {
  readonly resourcePath: string;
  readonly rootContext?: string;
  getOptions(): LoaderOptions;
  async(): (error: Error | undefined, code?: string, map?: object) => void;
  addDependency(file: string): void;
  emitWarning(warning: Error): void;
}

/** One session for each set of options: a loader is called for each file, and all files are of one project. */
const sessions = new Map<string, Session>();

function sessionOf(context: LoaderContext): Session {
  const options = context.getOptions();
  const key = JSON.stringify([context.rootContext, options]);
  const known = sessions.get(key);
  // another process may have compiled the file that has changed
  if (known) known.project.refresh();
  else sessions.set(key, new Session(options));
  const session = known ?? sessions.get(key)!;
  session.rootedAt(context.rootContext);
  return session;
}

/** Compiles one file. */
export default function perdure(this: LoaderContext, source: string): void {
  const callback = this.async();
  console.error("LOADER", process.pid, process.env.NODE_ENV, Object.keys(this).join(","), this.resourcePath, this.rootContext, (this as any).target, (this as any).mode);
  try {
    const session = sessionOf(this);
    const { resourcePath: path } = this;
    if (!passes(session.filter, path)) return callback(undefined, source);
    const result = session.compile(source, path);
    for (const file of session.watched(path)) this.addDependency(file);
    for (const each of result?.diagnostics ?? []) this.emitWarning(new Error(formatDiagnostic(each)));
    callback(undefined, result?.code ?? source, result && { ...result.map });
  } catch (error) {
    callback(error instanceof Error ? error : new Error(String(error)));
  }
}
