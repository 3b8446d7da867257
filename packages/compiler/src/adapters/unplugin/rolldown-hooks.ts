import type { Plugin } from "rolldown";
import type { Session } from "../session/session.ts";

/** Rolldown's own default depends on the output's format, which says little: only what is written down counts. */
export const rolldownHooks = (session: Session): Partial<Plugin> => ({
  options({ platform, cwd }) {
    session.rootedAt(cwd);
    session.forBrowser = platform === "browser";
  },
});
