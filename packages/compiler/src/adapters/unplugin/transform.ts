import type { UnpluginBuildContext, UnpluginContext, UnpluginContextMeta } from "unplugin";
import type { CompileResult } from "../../compile/compile.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { diagnosticsOf, type Session } from "../session/session.ts";
import { resolverOf } from "./bundler-resolve.ts";
import { environmentOf } from "./environment.ts";
import { combinedMap } from "./graph.ts";
import { fail, mayWatch, warn } from "./report.ts";

export type Context = UnpluginContext & Pick<UnpluginBuildContext, "addWatchFile" | "getNativeBuildContext">;

interface Transformed {
  readonly code: string;
  readonly map: CompileResult["map"];
  readonly diagnostics?: readonly Diagnostic[];
}

/** Compiles a module, or replaces its durable functions if it is for browsers. `undefined` if it stays as it is. */
export async function transformModule(
  context: Context,
  session: Session,
  meta: UnpluginContextMeta,
  code: string,
  id: string,
): Promise<{ readonly code: string; readonly map: CompileResult["map"] } | undefined> {
  try {
    const result = await transformed(context, session, code, id);
    for (const each of result?.diagnostics ?? []) warn(context, each, id, meta);
    return result && { code: result.code, map: { ...result.map } as CompileResult["map"] };
  } catch (error) {
    return fail(context, diagnosticsOf(error), id, meta);
  }
}

async function transformed(
  context: Context,
  session: Session,
  code: string,
  id: string,
): Promise<Transformed | undefined> {
  const environment = environmentOf(context);
  const origin = () => session.originOf(id, code, () => combinedMap(context));
  if (environment?.forBrowser ?? session.forBrowser) return session.stub(code, id, { origin });
  await session.follow(code, id, resolverOf(context, session.root));
  const result = session.compile(code, id, { origin });
  if (!session.serves && mayWatch(context)) for (const file of session.watched(id)) context.addWatchFile(file);
  return result;
}
