import type { UnpluginBuildContext, UnpluginContext, UnpluginContextMeta } from "unplugin";
import type { Session } from "../session/session.ts";
import { environmentOf } from "./environment.ts";
import { importersOf } from "./graph.ts";
import { name } from "./name.ts";
import { fail } from "./report.ts";

/** A second plugin of the same build, for what has to see a module after the transforms of all other plugins. */
export interface LatePlugin {
  readonly name: string;
  readonly enforce: "post";
  readonly transform: {
    readonly order: "post";
    handler(this: object, code: string, id: string): undefined;
  };
}

/**
 * A development server has no output in which durable functions could be found after tree shaking. So it refuses a module that a browser
 * asks for if the transforms of the framework have left any in it.
 */
export const lateTransform = (session: Session, meta: UnpluginContextMeta): LatePlugin => ({
  name: `${name}:late`,
  enforce: "post",
  transform: {
    order: "post",
    handler(this: UnpluginBuildContext & UnpluginContext, code, id) {
      if (!session.serves || environmentOf(this)?.forBrowser !== true) return undefined;
      const left = session.leftInBrowser([code], () => importersOf(this, session));
      return left.length > 0 ? fail(this, left, id, meta) : undefined;
    },
  },
});
