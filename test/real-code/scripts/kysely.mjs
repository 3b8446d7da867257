import Database from "better-sqlite3";
import { say } from "./report.mjs";
const {
  CamelCasePlugin,
  DeduplicateJoinsPlugin,
  Kysely,
  Migrator,
  NoResultError,
  ParseJSONResultsPlugin,
  SqliteDialect,
  sql,
} = await import("kysely");

const queries = [];
const db = new Kysely({
  dialect: new SqliteDialect({
    database: async () => new Database(":memory:"),
    onCreateConnection: async () => void queries.push("connected"),
  }),
  plugins: [new CamelCasePlugin(), new DeduplicateJoinsPlugin()],
  log: async (event) => void queries.push(`${event.level} ${event.query.sql}`),
});

const migrations = {
  "001_first": {
    async up(on) {
      await on.schema
        .createTable("person")
        .addColumn("id", "integer", (col) => col.primaryKey().autoIncrement())
        .addColumn("first_name", "text", (col) => col.notNull())
        .addColumn("age", "integer")
        .execute();
      await on.schema
        .createTable("pet")
        .addColumn("id", "integer", (col) => col.primaryKey())
        .addColumn("owner_id", "integer", (col) => col.references("person.id"))
        .addColumn("name", "text", (col) => col.unique())
        .execute();
    },
    async down(on) {
      await on.schema.dropTable("pet").execute();
      await on.schema.dropTable("person").execute();
    },
  },
  "002_second": {
    async up(on) {
      await on.schema.createIndex("by_age").on("person").column("age").execute();
    },
    async down(on) {
      await on.schema.dropIndex("by_age").execute();
    },
  },
  "003_broken": {
    async up() {
      throw new Error("does not migrate");
    },
  },
};
const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
const outcome = ({ error, results }) => ({ error: error?.message, results });
await say("migrate up", async () => outcome(await migrator.migrateUp()));
await say("migrate to", async () => outcome(await migrator.migrateTo("002_second")));
await say("migrate to the latest", async () => outcome(await migrator.migrateToLatest()));
await say("migrate down", async () => outcome(await migrator.migrateDown()));
await say("migrations", async () =>
  (await migrator.getMigrations()).map(({ name, executedAt }) => [name, executedAt !== undefined]),
);

await say("insert", () =>
  db
    .insertInto("person")
    .values([
      { firstName: "Ann", age: 30 },
      { firstName: "Bob", age: 40 },
      { firstName: "Cid", age: null },
    ])
    .returningAll()
    .execute(),
);
await say(
  "insert one",
  async () =>
    (await db.insertInto("pet").values({ ownerId: 1, name: "Rex" }).executeTakeFirst()).numInsertedOrUpdatedRows,
);
await say("conflict", () =>
  db
    .insertInto("pet")
    .values({ ownerId: 2, name: "Rex" })
    .onConflict((oc) => oc.column("name").doUpdateSet({ ownerId: 2 }))
    .returning("ownerId")
    .executeTakeFirstOrThrow(),
);
await say("join", () =>
  db
    .selectFrom("person")
    .leftJoin("pet", "pet.ownerId", "person.id")
    .select(["person.firstName", "pet.name as petName"])
    .orderBy("person.id")
    .execute(),
);
await say("none", () => db.selectFrom("person").selectAll().where("age", ">", 99).executeTakeFirstOrThrow());
await say("none, with an error of its own", () =>
  db
    .selectFrom("person")
    .selectAll()
    .where("age", ">", 99)
    .executeTakeFirstOrThrow(() => new NoResultError({ kind: "none" })),
);
await say("update", () =>
  db
    .updateTable("person")
    .set((eb) => ({ age: eb("age", "+", 1) }))
    .where("age", "is not", null)
    .executeTakeFirst(),
);
await say("delete", () => db.deleteFrom("person").where("firstName", "=", "Cid").returning("id").execute());
await say("raw", () => sql`select ${1} + ${2} as sum`.execute(db));
await say("a broken query", () => sql`selekt`.execute(db));
await say("stream", async () => {
  const rows = [];
  for await (const row of db.selectFrom("person").selectAll().stream()) rows.push(row);
  return rows;
});
await say("transaction", () =>
  db.transaction().execute(async (trx) => {
    await trx.insertInto("person").values({ firstName: "Dan", age: 5 }).execute();
    return await trx
      .selectFrom("person")
      .select((eb) => eb.fn.countAll().as("count"))
      .executeTakeFirst();
  }),
);
await say("rolled back", () =>
  db.transaction().execute(async (trx) => {
    await trx.deleteFrom("pet").execute();
    throw new Error("not so");
  }),
);
await say("savepoints", async () => {
  const trx = await db.startTransaction().execute();
  await trx.insertInto("person").values({ firstName: "Eve" }).execute();
  const after = await trx.savepoint("eve").execute();
  await after.insertInto("person").values({ firstName: "Fay" }).execute();
  await after.rollbackToSavepoint("eve").execute();
  await after.releaseSavepoint("eve").execute();
  await after.commit().execute();
  return await db.selectFrom("person").select("firstName").orderBy("id").execute();
});
await say("one connection", () =>
  db.connection().execute(async (on) => (await on.selectFrom("pet").selectAll().execute()).length),
);
await say("tables", async () =>
  (await db.introspection.getTables()).map(({ name, columns }) => [name, columns.map((column) => column.name)]),
);
await say("json", () =>
  db
    .withPlugin(new ParseJSONResultsPlugin())
    .selectNoFrom(sql`json('{"a":[1,2]}')`.as("value"))
    .executeTakeFirst(),
);
await say("explain", async () => (await db.selectFrom("person").selectAll().where("id", "=", 1).explain()).length);
await say("a view and an alteration", async () => {
  await db.schema
    .createView("adults")
    .as(db.selectFrom("person").selectAll().where("age", ">=", 18))
    .execute();
  await db.schema.alterTable("person").addColumn("email", "text").execute();
  return await db.selectFrom("adults").select("firstName").execute();
});
await say("destroyed", async () => (await db.destroy(), await db.selectFrom("person").selectAll().execute()));
await say("queries", () => queries);
