/** Two roles, as the README has them: one owns the schema and migrates it, the other one uses it and may change nothing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { postgresStore, type PostgresStore } from "../src/index.ts";
import { connect } from "../src/connection/database.ts";
import { placeOf } from "../src/connection/place.ts";
import { migrate } from "../src/schema/migrate.ts";
import { migrations } from "../src/schema/migrations.ts";
import { databases, newRun } from "./databases.ts";

const { beforeTests, afterTests, query, server } = databases();
beforeAll(beforeTests);
afterAll(afterTests);

const known = migrations.length;
const [, setUp = ""] =
  /```sql\n([^]*?)```/u.exec(readFileSync(join(import.meta.dirname, "../README.md"), "utf8")) ?? [];
const urlOf = (role: string): string => server().url.replace("postgres@", `${role}@`);

beforeEach(async () => {
  await query("DROP SCHEMA IF EXISTS perdure CASCADE; DROP ROLE IF EXISTS app, perdure_owner;");
  await query(setUp);
});

async function opened(role: string): Promise<PostgresStore> {
  const store = postgresStore(urlOf(role));
  await store.open();
  onTestFinished(async () => store.close());
  return store;
}

/** Migrates to a version after this one. */
async function migrateToNext(role: string, breaking: boolean): Promise<void> {
  const place = placeOf(urlOf(role), {});
  const database = connect(place);
  const next = { sql: "CREATE TABLE @.next (number integer); ALTER TABLE @.runs ADD COLUMN next text;", breaking };
  try {
    await migrate(database, place, [...migrations, next]);
  } finally {
    await database.close();
  }
}

const run = newRun("r");

/** Something of each kind that a program does. */
async function used(store: PostgresStore): Promise<void> {
  const lease = { owner: "me", ms: 60_000 };
  await store.defineQueue({ name: "q", concurrency: 1 });
  await store.createRun({ ...run, lease, queue: { queue: "q", key: "", rank: 1 } });
  await store.commit([{ type: "finish", run: "r", epoch: 1, status: "completed", output: "1", unhandled: [] }]);
  const schedule = {
    name: "daily",
    timing: "t",
    policy: "p",
    overlap: "skip",
    workflow: "ship",
    file: "f.ts",
  } as const;
  await store.putSchedule({ ...schedule, input: "1", inputHash: "h", code: "c", modules: "m", anchor: 0, nextAt: 1 });
  expect(await store.getRun("r")).toMatchObject({ status: "completed" });
}

test("the owner migrates, the program uses the schema and can create nothing in it", async () => {
  expect(await postgresStore(urlOf("app")).migrate({ check: true })).toEqual({ found: 0, known });
  expect(await postgresStore(urlOf("perdure_owner")).migrate()).toEqual({ found: 0, known });
  expect(await postgresStore(urlOf("app")).migrate({ check: true })).toEqual({ found: known, known });
  expect(await postgresStore(urlOf("app")).migrate()).toEqual({ found: known, known });
  await used(await opened("app"));
  const { rows } = await query("SELECT has_schema_privilege('app', 'perdure', 'CREATE') AS may");
  expect(rows).toEqual([{ may: false }]);
});

test("a program whose schema was not created is told to do so, and by what", async () => {
  await expect(postgresStore(urlOf("app")).open()).rejects.toMatchObject({
    code: "STORE_OLDER",
    message: expect.stringMatching(
      /^there is no store in postgres:\/\/app@\S+ yet, [^]*permission denied for schema perdure[^]*`perdure migrate --store/u,
    ) as string,
  });
  await query("DROP SCHEMA perdure CASCADE");
  await expect(postgresStore(urlOf("app")).open()).rejects.toMatchObject({
    code: "STORE_OLDER",
    message: expect.stringContaining("permission denied for database") as string,
  });
});

test("a program of a newer version is told to migrate first, one of the older version works before and afterwards", async () => {
  await postgresStore(urlOf("perdure_owner")).migrate();
  const old = await opened("app");
  await expect(migrateToNext("app", false)).rejects.toMatchObject({
    code: "STORE_OLDER",
    message: expect.stringMatching(
      new RegExp(
        `has schema version ${known}, this version of Perdure needs version ${known + 1}, [^]*perdure migrate`,
        "u",
      ),
    ) as string,
  });
  await used(old);
  await migrateToNext("perdure_owner", false);
  await migrateToNext("app", false);
  expect(await old.getRun("r")).toMatchObject({ status: "completed" });
  expect(await (await opened("app")).getRun("r")).toMatchObject({ status: "completed" });
  // what the newer version added is the program's to use as well
  const { rows } = await query("SELECT has_table_privilege('app', 'perdure.next', 'SELECT, INSERT') AS may");
  expect(rows).toEqual([{ may: true }]);
});

test("the check also reports a version that older programs must not use", async () => {
  await postgresStore(urlOf("perdure_owner")).migrate();
  await migrateToNext("perdure_owner", true);
  for (const check of [true, false])
    await expect(postgresStore(urlOf("app")).migrate({ check })).rejects.toMatchObject({
      code: "STORE_NEWER",
      message: expect.stringContaining("upgrade the package perdure-postgres") as string,
    });
});

test("a role that was granted nothing is refused, and not told to migrate", async () => {
  await postgresStore(urlOf("perdure_owner")).migrate();
  await query("REVOKE USAGE ON SCHEMA perdure FROM app");
  await expect(postgresStore(urlOf("app")).open()).rejects.toMatchObject({ code: "STORE_REFUSED" });
});
