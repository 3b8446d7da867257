import type { JsPlugin } from "@farmfe/core";
import type { Session } from "../session/session.ts";

export const farmHooks = (session: Session): Partial<JsPlugin> => ({
  configResolved({ root, compilation }) {
    session.rootedAt(root);
    session.forBrowser = compilation?.output?.targetEnv?.startsWith("browser") ?? true;
  },
});
