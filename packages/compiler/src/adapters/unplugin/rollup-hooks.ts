import type { Plugin as RolldownPlugin } from "rolldown";
import type { Plugin as RollupPlugin } from "rollup";
import { importsOf } from "../../files/filter.ts";
import type { Session } from "../session/session.ts";
import { withLate, type LatePlugin } from "./late-transform.ts";
import { refuseLeftovers } from "./report.ts";

/** Rollup alone leaves every package external. The packages to compile are part of the bundle. */
export function rollupHooks(session: Session, late: LatePlugin): Partial<RollupPlugin> {
  const packages = importsOf(session.options.packages);
  return {
    options: (options) => withLate(options, late),
    resolveId: (specifier, importer) =>
      importer !== undefined && packages?.test(specifier) === true
        ? session.project.resolve(specifier, importer)
        : undefined,
  };
}

/** Rolldown derives the default platform from the output format, which says little. So only an explicit platform counts. */
export const rolldownHooks = (session: Session, late: LatePlugin): Partial<RolldownPlugin> => ({
  options(options) {
    session.rootedAt(options.cwd);
    session.forBrowser = options.platform === "browser";
    return withLate(options, late);
  },
  generateBundle(_options, bundle) {
    if (session.forBrowser) refuseLeftovers(this, session, bundle);
  },
});
