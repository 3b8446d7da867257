/** perdure migrate: a store gets the schema of the installed version, in a file and in PostgreSQL. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { migrate } from "../../packages/store/src/sqlite/migrate.ts";
import { migrations } from "../../packages/store/src/sqlite/migrations/index.ts";
import { databases } from "../../packages/postgres/test/databases.ts";
import { temporaryDirectory } from "../directories.ts";
import { perdure, storeIn } from "./command.ts";

const known = migrations.length;

test("an SQLite file is created and migrated; --check changes nothing, and its exit code is the answer", async () => {
  const directory = temporaryDirectory("cli");
  const path = join(directory, "runs.db");
  const place = { store: storeIn(directory) };
  expect(await perdure(["migrate", "--check"], place)).toEqual({
    code: 1,
    output: `sqlite:${path} does not exist yet: perdure migrate creates it\n`,
  });
  expect(existsSync(path)).toBe(false);

  const db = new Database(path);
  onTestFinished(() => void db.close());
  const version = (): unknown => db.pragma("user_version", { simple: true });
  migrate(db, path, migrations.slice(0, 4));
  expect(await perdure(["migrate", "--check"], place)).toEqual({
    code: 1,
    output: `sqlite:${path} has to be migrated from schema version 4 to ${known}\n`,
  });
  expect(version()).toBe(4);
  expect(await perdure(["migrate"], place)).toEqual({
    code: 0,
    output: `sqlite:${path} was migrated from schema version 4 to ${known}\n`,
  });
  expect(version()).toBe(known);
  const upToDate = { code: 0, output: `sqlite:${path} is up to date: it has schema version ${known}\n` };
  expect(await perdure(["migrate"], place)).toEqual(upToDate);
  expect(await perdure(["migrate", "--check"], place)).toEqual(upToDate);

  db.pragma("user_version = 99");
  for (const args of [["migrate"], ["migrate", "--check"], ["runs"]])
    expect(await perdure(args, place)).toEqual({
      code: 3,
      output: expect.stringMatching(/has schema version 99; [^]*upgrade the package perdure to/u) as string,
    });
});

test("what is no store is not migrated", async () => {
  const directory = temporaryDirectory("cli");
  const db = new Database(join(directory, "runs.db"));
  db.exec("CREATE TABLE theirs (number INTEGER)");
  db.close();
  for (const args of [
    ["migrate", "--json"],
    ["migrate", "--check", "--json"],
  ]) {
    const { code, output } = await perdure(args, { store: storeIn(directory) });
    expect([code, JSON.parse(output)]).toMatchObject([3, { error: { code: "STORE_FOREIGN" } }]);
  }
  const memory = await perdure(["migrate", "--json"], { store: "memory:" });
  expect([memory.code, JSON.parse(memory.output)]).toMatchObject([2, { error: { code: "STORE_IN_MEMORY" } }]);
});

test(
  "a schema in PostgreSQL is created by its owner alone, and no other command creates it",
  { timeout: 60_000 },
  async () => {
    const { beforeTests, afterTests, server, query } = databases();
    onTestFinished(afterTests);
    await beforeTests();
    await query("CREATE ROLE owner LOGIN; CREATE ROLE app LOGIN; CREATE SCHEMA perdure AUTHORIZATION owner;");
    const as = (role: string) => ({ store: server().url.replace("postgres@", `${role}@`) });
    const json = async (args: readonly string[], role: string): Promise<unknown> => {
      const { code, output } = await perdure([...args, "--json"], as(role));
      return [code, JSON.parse(output)];
    };

    const name = as("owner").store;
    expect(await json(["migrate", "--check"], "app")).toMatchObject([1, { from: 0, to: 1, migrated: false }]);
    expect(await json(["migrate"], "app")).toMatchObject([
      3,
      { error: { code: "STORE_OLDER", message: expect.stringContaining("`perdure migrate --store") as string } },
    ]);
    expect(await json(["runs"], "owner")).toMatchObject([3, { error: { code: "STORE_MISSING" } }]);
    expect((await query("SELECT 1 FROM pg_tables WHERE schemaname = 'perdure'")).rows).toEqual([]);
    expect(await json(["doctor"], "owner")).toMatchObject([
      1,
      { findings: [{ check: "store", message: expect.stringContaining("there is no store in") as string }] },
    ]);

    expect(await perdure(["migrate"], as("owner"))).toEqual({
      code: 0,
      output: `${name} was created with schema version 1\n`,
    });
    expect(await json(["migrate"], "owner")).toEqual([0, { store: name, from: 1, to: 1, migrated: false }]);
    expect(await json(["runs"], "owner")).toEqual([0, []]);

    await query("UPDATE perdure.meta SET version = 3");
    expect(await json(["migrate", "--check"], "owner")).toEqual([0, { store: name, from: 3, to: 3, migrated: false }]);
    await query("UPDATE perdure.meta SET min_version = 3");
    expect(await json(["migrate"], "owner")).toMatchObject([
      3,
      { error: { code: "STORE_NEWER", message: expect.stringContaining("package perdure-postgres") as string } },
    ]);
    expect(await json(["doctor"], "owner")).toMatchObject([1, { findings: [{ check: "schema" }] }]);
  },
);
