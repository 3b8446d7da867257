import type { Plugin } from "rolldown";
import type { Session } from "../session/session.ts";
import { refuseLeftovers } from "./leftovers.ts";

/** Rolldown derives the default platform from the output format, which says little. So only an explicit platform counts. */
export const rolldownHooks = (session: Session): Partial<Plugin> => ({
  options({ platform, cwd }) {
    session.rootedAt(cwd);
    session.forBrowser = platform === "browser";
  },
  generateBundle(_options, bundle) {
    if (session.forBrowser) refuseLeftovers(this, session, bundle);
  },
});
