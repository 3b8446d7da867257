import type { Plugin } from "rolldown";
import type { Session } from "../session/session.ts";
import { withLate, type LatePlugin } from "./late-transform.ts";
import { refuseLeftovers } from "./report.ts";

/** Rolldown derives the default platform from the output format, which says little. So only an explicit platform counts. */
export const rolldownHooks = (session: Session, late: LatePlugin): Partial<Plugin> => ({
  options(options) {
    session.rootedAt(options.cwd);
    session.forBrowser = options.platform === "browser";
    return withLate(options, late);
  },
  generateBundle(_options, bundle) {
    if (session.forBrowser) refuseLeftovers(this, session, bundle);
  },
});
