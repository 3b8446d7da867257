import { connect } from "../../../packages/postgres/src/connection/database.ts";
import { placeOf } from "../../../packages/postgres/src/connection/place.ts";
import { migrate } from "../../../packages/postgres/src/schema/migrate.ts";
import { migrations } from "../../../packages/postgres/src/schema/migrations.ts";

const FOREIGN = 20_000;

/** Runs of other programs in the same schema: most are executed on other machines, the others wait for times to come or for a program that is not there. */
export const foreignRuns = `
  INSERT INTO perdure.runs (id, workflow, file, input, input_hash, code, seed, created_at, started_at, updated_at, epoch, status, owner, lease_until, wake_at)
  SELECT 'foreign-' || n, 'foreign', 'foreign.ts', '"' || repeat('x', 1000) || '"', 'h', 'c', 's', t, t, t, 1,
    CASE n % 10 WHEN 0 THEN 'waiting' WHEN 1 THEN 'pending' ELSE 'running' END,
    CASE WHEN n % 10 > 1 THEN json_build_object('machine', 'elsewhere-' || n % 20, 'pid', n % 20, 'start', '1', 'thread', 0, 'id', n % 20)::text END,
    CASE WHEN n % 10 > 1 THEN t + 86400000 END,
    CASE WHEN n % 10 = 0 THEN t + 86400000 END
  FROM generate_series(1, ${FOREIGN}) AS n, floor(extract(epoch FROM clock_timestamp()) * 1000) AS t`;

/** How many of them are as they were. */
export const strangers = `
  SELECT count(*)::integer AS untouched FROM perdure.runs WHERE workflow = 'foreign' AND epoch = 1 AND updated_at = created_at`;

const further = `
  ALTER TABLE @.runs ADD COLUMN added_later text;
  ALTER TABLE @.steps ADD COLUMN added_later integer NOT NULL DEFAULT 1;
  CREATE TABLE @.made_later (number bigint PRIMARY KEY);
  CREATE INDEX runs_added_later ON @.runs (added_later) WHERE added_later IS NOT NULL;
`;

/**
 * Does what the package does when it opens the store.
 * @param version - `later`: that of a later release, whose schema has more and lets older programs go on
 */
export async function migrateTo(version: "ours" | "later", url: string): Promise<void> {
  const place = placeOf(url, {});
  const database = connect(place);
  try {
    const later = [...migrations, { sql: further, breaking: false }];
    await migrate(database, place, version === "ours" ? migrations : later);
  } finally {
    await database.close();
  }
}
