import type { Plugin } from "rollup";
import type { Session } from "../session/session.ts";
import { withLate, type LatePlugin } from "./late-transform.ts";
import { importsOf } from "./package-names.ts";

/** Rollup alone leaves every package external. The packages to compile are part of the bundle. */
export function rollupHooks(session: Session, late: LatePlugin): Partial<Plugin> {
  const packages = importsOf(session.options.packages);
  return {
    options: (options) => withLate(options, late),
    resolveId: (specifier, importer) =>
      importer !== undefined && packages?.test(specifier) === true
        ? session.project.resolve(specifier, importer)
        : undefined,
  };
}
