import type { CompileResult } from "../../compile/compile.ts";
import type { UnpluginContextMeta } from "unplugin";
import { passes } from "../../files/filter.ts";
import { components } from "../../files/paths.ts";
import type { Session } from "../session/session.ts";
import { environmentOf } from "./environment.ts";
import { importersOf } from "./graph.ts";
import { name } from "./name.ts";
import { fail } from "./report.ts";
import { transformModule, type Context } from "./transform.ts";

/** A second plugin of the same build, for what has to see a module after the transforms of all other plugins. */
export interface LatePlugin {
  readonly name: string;
  transform(
    this: Context,
    code: string,
    id: string,
  ): Promise<{ readonly code: string; readonly map: CompileResult["map"] } | undefined>;
}

/**
 * Compiles the modules that the plugins of frameworks have made of components.
 *
 * A development server has no output in which durable functions could be found after tree shaking. So it refuses a module that a browser
 * asks for if the transforms of the framework have left any in it.
 */
export const lateTransform = (session: Session, meta: UnpluginContextMeta): LatePlugin => ({
  name: `${name}:late`,
  async transform(code, id) {
    const isComponent = components.test(id) && passes(session.filter, id);
    const result = isComponent ? await transformModule(this, session, meta, code, id) : undefined;
    if (session.serves && environmentOf(this)?.forBrowser === true) {
      const left = session.leftInBrowser([result?.code ?? code], () => importersOf(this, session));
      if (left.length > 0) fail(this, left, id, meta);
    }
    return result;
  },
});

/** Adds the second plugin to the options of Rollup or Rolldown. */
export const withLate = <O extends { readonly plugins?: unknown }>(options: O, { name, transform }: LatePlugin): O => ({
  ...options,
  plugins: [options.plugins, { name, transform: { order: "post", handler: transform } }],
});
