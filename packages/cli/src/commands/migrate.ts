import { Option } from "commander";
import { openStore, type SchemaVersions } from "perdure";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT } from "../session/failure.ts";
import { persistent, storeUrl } from "../session/session.ts";

interface MigrateOptions extends CommonOptions {
  readonly check?: boolean;
}

export function addMigrate(add: Add): void {
  add<MigrateOptions>(
    "migrate",
    "create the store, or bring its schema to the version of this perdure",
    [new Option("--check", "change nothing; exit with 1 if there is something to migrate")],
    async (_args, options, terminal) => {
      const { check = false } = options;
      const store = openStore(persistent(storeUrl(options)));
      // every store that a URL can name has a schema
      const versions = (await store.migrate?.({ check })) ?? { found: 0, known: 0 };
      const { found: from, known } = versions;
      const isPending = from < known;
      if (terminal.isJson)
        terminal.json({ store: store.name, from, to: Math.max(from, known), migrated: isPending && !check });
      else terminal.print(`${store.name} ${check ? state(versions) : outcome(versions)}`);
      return check && isPending ? EXIT.no : EXIT.done;
    },
  );
}

function outcome(versions: SchemaVersions): string {
  const { found, known } = versions;
  if (found >= known) return state(versions);
  return found === 0
    ? `was created with schema version ${known}`
    : `was migrated from schema version ${found} to ${known}`;
}

function state({ found, known }: SchemaVersions): string {
  if (found === known) return `is up to date: it has schema version ${found}`;
  if (found > known)
    return `is up to date: it has schema version ${found}, which this perdure may use like its own, ${known}`;
  return found === 0
    ? `does not exist yet: perdure migrate creates it`
    : `has to be migrated from schema version ${found} to ${known}`;
}
