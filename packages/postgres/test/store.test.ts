import { createServer, connect as connectTo, type Server, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { openStore, type Store, type Write } from "@perdure/store";
import { hasPgbouncer, startPgbouncer } from "../../../test/postgres/pgbouncer.ts";
import { postgresStore, type PostgresOptions } from "../src/index.ts";
import { connect } from "../src/connection/database.ts";
import { placeOf } from "../src/connection/place.ts";
import { migrate } from "../src/schema/migrate.ts";
import { migrations } from "../src/schema/migrations.ts";
import { databases, newRun as run, opened } from "./databases.ts";

const { beforeTests, afterTests, urlOf, query, server } = databases();
beforeAll(beforeTests);
afterAll(afterTests);

const lease = { owner: "me", ms: 60_000 };

describe("the URL", () => {
  test("openStore loads the package", async () => {
    const store = openStore(urlOf("by_url"));
    await store.open();
    expect((await store.createRun(run("r"))).created).toBe(true);
    expect(await store.getRun("r")).toMatchObject({ id: "r", status: "pending" });
    await store.close();
    expect(() => placeOf("postgres://app:secret@host/db?schema=x", {}).name).not.toThrow();
  });

  test("the name of a store has its schema, but no password", () => {
    expect(postgresStore("postgres://app:secret@host:1234/db").name).toBe("postgres://app@host:1234/db");
    expect(postgresStore("postgresql://host/db?schema=jobs&sslmode=require").name).toBe(
      "postgresql://host/db?schema=jobs",
    );
  });

  test.each([
    ["mysql://host/db", {}, "STORE_URL_INVALID"],
    ["no url", {}, "STORE_URL_INVALID"],
    ["postgres://host/db?schema=a-b", {}, "OPTION_INVALID"],
    ["postgres://host/db", { schema: 'a"; DROP TABLE x' }, "OPTION_INVALID"],
    ["postgres://host/db", { schema: "pg_toast" }, "OPTION_INVALID"],
    ["postgres://host/db", { connections: 0 }, "OPTION_INVALID"],
    ["postgres://host/db", { timeout: 1.5 }, "OPTION_INVALID"],
    ["postgres://host/db", { shema: "x" } as PostgresOptions, "OPTION_UNKNOWN"],
  ])("%s with %o is refused: %s", (url, options, code) => {
    expect(() => postgresStore(url, options)).toThrow(expect.objectContaining({ code }));
  });

  test("a message about a URL does not quote its password", () => {
    expect(() => postgresStore("mysql://app:secret@host/db")).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("secret") as string }),
    );
  });
});

describe("the schema", () => {
  test("any number of processes create it at the same time", async () => {
    const stores = Array.from({ length: 6 }, () => postgresStore(urlOf("together"), { connections: 2 }));
    await Promise.all(stores.map((store) => store.open()));
    await Promise.all(stores.map((store, number) => store.createRun(run(`r${number}`))));
    expect(await stores[0]?.listRuns({})).toHaveLength(6);
    await Promise.all(stores.map((store) => store.close()));
  });

  const newer = [...migrations, { sql: "CREATE TABLE @.newer (number integer);", breaking: false }];
  const broken = [...newer, { sql: "CREATE TABLE @.newest (number integer);", breaking: true }];

  async function migrated(schema: string, to: typeof migrations): Promise<void> {
    const place = placeOf(urlOf(schema), {});
    const database = connect(place);
    await migrate(database, place, to);
    await database.close();
  }

  test("a newer version is added while an older program keeps running, and a later start of that program accepts it", async () => {
    const old = await opened(urlOf("rolling"));
    await old.createRun(run("r"));
    await migrated("rolling", newer);
    expect(await old.getRun("r")).toMatchObject({ id: "r" });
    const again = await opened(urlOf("rolling"));
    expect(await again.getRun("r")).toMatchObject({ id: "r" });
    const { rows } = await query("SELECT version, min_version FROM rolling.meta");
    expect(rows).toEqual([{ version: migrations.length + 1, min_version: migrations.length }]);
  });

  test("a column that a newer version adds does not disturb an older program's prepared statements", async () => {
    const old = await opened(urlOf("wider"));
    await old.createRun(run("a", { lease }));
    await old.getRun("a");
    await migrated("wider", [...migrations, { sql: "ALTER TABLE @.runs ADD COLUMN more text;", breaking: false }]);
    expect((await old.createRun(run("b", { lease }))).run).toMatchObject({ id: "b", status: "running" });
    expect(await old.claim({ run: "a", lease })).toBeUndefined();
    expect(await old.listRuns({})).toHaveLength(2);
  });

  test("a newer version that older programs must not use stops them", async () => {
    await migrated("breaking", broken);
    await expect(postgresStore(urlOf("breaking")).open()).rejects.toMatchObject({ code: "STORE_NEWER" });
  });

  test("a migration that fails changes nothing", async () => {
    const wrong = [...migrations, { sql: "CREATE TABLE @.half (number integer); SELECT nothing;", breaking: false }];
    await opened(urlOf("failing"));
    await expect(migrated("failing", wrong)).rejects.toThrow("nothing");
    const { rows } = await query("SELECT version, to_regclass('failing.half') AS half FROM failing.meta");
    expect(rows).toEqual([{ version: migrations.length, half: null }]);
  });

  describe("takes longer than a call may", () => {
    const slow = [...migrations, { sql: "CREATE TABLE @.slow (number integer); SELECT pg_sleep(1);", breaking: false }];

    test("and is not cut off", async () => {
      await opened(urlOf("slow"));
      const place = placeOf(urlOf("slow"), { timeout: 300 });
      const database = connect(place);
      onTestFinished(() => database.close());
      expect(await migrate(database, place, slow)).toMatchObject({ found: migrations.length });
      expect(await migrate(database, place, slow)).toMatchObject({ found: slow.length });
      await expect(database.query("SELECT pg_sleep(1)")).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    });

    const waiting = async (schema: string): Promise<number> => {
      const sql = `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_advisory_xact_lock(hashtext(''${schema}'')%' AND pid <> pg_backend_pid()`;
      return (await query(sql)).rows.length;
    };

    test("and whoever opens the store meanwhile waits for it, with one connection", async () => {
      await query("SELECT pg_advisory_lock(hashtext('locked'), -3)");
      const store = postgresStore(urlOf("locked"), { timeout: 300 });
      onTestFinished(async () => store.close());
      const open = [store.open(), setTimeout(600).then(() => store.open())];
      await setTimeout(900);
      expect(await waiting("locked")).toBe(1);
      await query("SELECT pg_advisory_unlock_all()");
      await Promise.all(open);
      expect((await store.createRun(run("r"))).created).toBe(true);
    });

    test("and a store that is closed meanwhile gives it up", async () => {
      await query("SELECT pg_advisory_lock(hashtext('given_up'), -3)");
      const store = postgresStore(urlOf("given_up"), { timeout: 300 });
      const open = Promise.resolve(store.open()).catch((error: unknown) => error);
      await expect.poll(() => waiting("given_up")).toBe(1);
      await store.close();
      expect(await open).toBeInstanceOf(Error);
      await query("SELECT pg_advisory_unlock_all()");
      await expect(store.getRun("r")).rejects.toMatchObject({ code: "STORE_CLOSED" });
    });
  });

  test("a wrong database is named", async () => {
    const url = urlOf("s").replace("/postgres?", "/nowhere?");
    await expect(postgresStore(url).open()).rejects.toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringContaining('database "nowhere" does not exist') as string,
    });
  });
});

test.skipIf(!hasPgbouncer)("pgbouncer is found out where the URL does not name it", async () => {
  const pooler = await startPgbouncer(server());
  onTestFinished(() => pooler.remove());
  const store = await opened(`${pooler.url}?schema=found`);
  await Promise.all(Array.from({ length: 20 }, (_, number) => store.createRun(run(`r${number}`))));
  expect(await store.listRuns({})).toHaveLength(20);
});

describe("time", () => {
  test("the server's clock decides, whatever that of this machine says", async () => {
    vi.spyOn(Date, "now").mockReturnValue(0);
    onTestFinished(() => void vi.restoreAllMocks());
    const store = await opened(urlOf("clock"));
    const { rows } = await query("SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS time");
    const { time } = rows[0] as { time: number };
    expect(Math.abs((await store.time()) - time)).toBeLessThan(5_000);
    const { run: made } = await store.createRun(run("r", { lease }));
    expect(Math.abs((made.leaseUntil ?? 0) - time - lease.ms)).toBeLessThan(5_000);
  });
});

/** A way to the server that can be cut, swallow everything, or only what the server says. */
interface Way {
  readonly url: (schema: string) => string;
  swallow: boolean;
  mute: boolean;
  /** Resolves when it has swallowed something that the server said. */
  muted(): Promise<void>;
  cut(): void;
}

async function proxy(): Promise<Way> {
  const sockets = new Set<Socket>();
  let heard = (): void => {};
  let said = new Promise<void>((done) => (heard = done));
  const state = { swallow: false, mute: false };
  const listening: Server = createServer((client) => {
    const upstream = connectTo(server().port, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("data", (data) => {
        if (state.mute && from === upstream) return heard();
        if (!state.swallow) to.write(data);
      });
      from.on("close", () => to.destroy());
    }
  });
  await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
  const { port } = listening.address() as { port: number };
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  onTestFinished(() => {
    cut();
    listening.close();
  });
  return Object.assign(state, {
    url: (schema: string) => urlOf(schema).replace(String(server().port), String(port)),
    cut,
    async muted() {
      await said;
      said = new Promise<void>((done) => (heard = done));
    },
  });
}

/** Makes the call until the server answers: one of its connections may be one that was cut. */
async function again<T>(call: () => T | Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries === 10 || (error as { code?: unknown }).code !== "STORE_UNREACHABLE") throw error;
    }
  }
}

describe("a server that is away", () => {
  test("a call that gets no answer ends in time, and its connection is not used again", async () => {
    const way = await proxy();
    await opened(urlOf("swallowed"));
    const store = await opened(way.url("swallowed"), { timeout: 300, connections: 1 });
    await store.createRun(run("before"));
    way.swallow = true;
    const begun = performance.now();
    await expect(store.createRun(run("lost"))).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    expect(performance.now() - begun).toBeLessThan(5_000);
    way.swallow = false;
    expect(await store.getRun("before")).toMatchObject({ id: "before" });
    expect(await store.getRun("nobody")).toBeUndefined();
  });

  test("a store whose server says nothing any more is closed all the same", async () => {
    const way = await proxy();
    await opened(urlOf("silent"));
    const store = await opened(way.url("silent"), { timeout: 300 });
    store.watch(() => {});
    await store.createRun(run("r"));
    way.swallow = true;
    const begun = performance.now();
    await Promise.allSettled([Promise.resolve(store.getRun("r")), store.close()]);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test("a session that ends in the moment in which it begins is a call that fails", async () => {
    // authentication is waived, ready for queries, and FATAL 57P01, in one piece
    const said = Buffer.from("R\0\0\0\x08\0\0\0\0Z\0\0\0\x05IE\0\0\0\x18SFATAL\0C57P01\0Mend\0\0", "latin1");
    const listening = createServer((client) => {
      client.on("error", () => {});
      client.once("data", () => client.end(said));
    });
    await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
    onTestFinished(() => void listening.close());
    const { port } = listening.address() as { port: number };
    const store = postgresStore(`postgres://postgres@127.0.0.1:${port}/postgres`);
    await expect(store.open()).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  });

  test("connections that are cut are replaced", async () => {
    const way = await proxy();
    const store = await opened(way.url("cut"));
    await Promise.all(Array.from({ length: 5 }, (_, number) => store.createRun(run(`r${number}`))));
    way.cut();
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => Promise.resolve(store.getRun("r1"))));
    for (const { reason } of answers.filter((each) => each.status === "rejected"))
      expect(reason).toMatchObject({ code: "STORE_UNREACHABLE" });
    expect(await store.getRun("r1")).toMatchObject({ id: "r1" });
  });

  test("a server that is killed is used again when it is back, with everything that it acknowledged", async () => {
    const store = await opened(urlOf("killed"), { timeout: 2_000 });
    await store.createRun(run("r", { lease }));
    await server().stop();
    await expect(store.getRun("r")).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    await expect(postgresStore(urlOf("killed")).open()).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    await server().start();
    expect(await store.commit([{ type: "progress", run: "r", epoch: 1, value: "1" }])).toEqual([true]);
  });

  test("writes whose acknowledgement was lost are done once when they are sent again", async () => {
    const way = await proxy();
    const store = await opened(way.url("unanswered"), { timeout: 4_000 });
    const step = (id: string, seq: number): Write => ({
      type: "step",
      run: "r",
      epoch: 1,
      step: { id, kind: "task", state: "completed", seq, attempt: 1, inputHash: "h", startedAt: 1, output: id },
    });
    const writes: Write[][] = [
      [step("a[0]", 1)],
      [step("b[0]", 2), step("c[0]", 3)],
      [step("d[0]", 4), { type: "progress", run: "r", epoch: 1, value: "1" }],
      [{ type: "finish", run: "r", epoch: 1, status: "completed", output: "1", unhandled: [] }],
    ];
    await store.createRun(run("r", { lease }));
    for (const [place, batch] of writes.entries()) {
      way.mute = true;
      const answers = store.commit(batch, `batch ${place}`);
      await way.muted(); // the server has answered
      way.mute = false;
      way.cut();
      await expect(answers).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
      expect(await again(() => store.commit(batch, `batch ${place}`))).toEqual(batch.map(() => true));
    }
    expect((await store.steps("r")).map(({ id }) => id)).toEqual(["a[0]", "b[0]", "c[0]", "d[0]"]);
    expect(await store.getRun("r")).toMatchObject({ status: "completed", progress: "1" });
    expect(await store.commit([step("e[0]", 5)])).toEqual([false]);
  });

  test("a server that can only be read is one that is away", async () => {
    const store = await opened(urlOf("standby"));
    await query("ALTER SYSTEM SET default_transaction_read_only = on");
    await query("SELECT pg_reload_conf()");
    onTestFinished(async () => {
      await query("SET default_transaction_read_only = off");
      await query("ALTER SYSTEM RESET default_transaction_read_only");
      await query("SELECT pg_reload_conf()");
    });
    const outcome = async (): Promise<unknown> => {
      try {
        return await store.createRun(run("r"));
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
    };
    await expect.poll(outcome, { timeout: 5_000 }).toBe("STORE_UNREACHABLE");
    // the address may lead to another server by now: each such answer ends its connection
    const connections = () =>
      query("SELECT pid FROM pg_stat_activity WHERE query LIKE '%\"standby\"%' AND pid <> pg_backend_pid()");
    await expect.poll(async () => (await connections()).rows, { timeout: 5_000 }).toEqual([]);
  });
});

describe("watch", () => {
  const listening = async (store: Store): Promise<{ count: number }> => {
    const heard = { count: 0 };
    const end = store.watch?.(() => heard.count++);
    onTestFinished(() => end?.());
    await expect.poll(() => heard.count).toBeGreaterThan(0); // it has begun: something may have been missed before
    await setTimeout(100);
    heard.count = 0;
    return heard;
  };

  test("tells of what other stores write, once for many writes, and not of its own", async () => {
    const one = await opened(urlOf("watched"));
    const other = await opened(urlOf("watched"));
    const heard = await listening(one);
    await one.createRun(run("own"));
    await setTimeout(150);
    expect(heard.count).toBe(0);
    await other.createRuns(Array.from({ length: 20 }, (_, number) => run(`r${number}`)));
    for (let number = 0; number < 20; number++) await other.deliver({ run: `r${number}`, name: "go", payload: "1" });
    await expect.poll(() => heard.count).toBeGreaterThan(0);
    expect(heard.count).toBeLessThan(20);
  });

  test("tells of what a store has written just before it was closed", async () => {
    const one = await opened(urlOf("last"));
    const heard = await listening(one);
    for (let number = 0; number < 10; number++) {
      const other = postgresStore(urlOf("last"));
      await other.open();
      await other.createRun(run(`a${number}`));
      // the first one has been announced at once. After 5 ms the next one has to wait, after 25 it is announced at once as well
      await setTimeout(number % 2 === 0 ? 5 : 25);
      const before = heard.count;
      await other.createRun(run(`b${number}`));
      await other.close();
      await expect.poll(() => heard.count, { timeout: 2_000 }).toBeGreaterThan(before);
    }
  });

  test("says nothing of requests that found nothing to do, so that idle workers do not wake each other", async () => {
    const one = await opened(urlOf("idle"));
    const other = await opened(urlOf("idle"));
    const heard = await listening(one);
    expect(await other.expire({ expired: "1", timedOut: "1" })).toEqual([]);
    expect(await other.claimRuns([{ run: "nobody", lease }])).toEqual([undefined]);
    expect(await other.prune({ endedBefore: 1, limit: 10 })).toBe(0);
    expect(await other.commit([{ type: "progress", run: "nobody", epoch: 1, value: "1" }])).toEqual([false]);
    await setTimeout(150);
    expect(heard.count).toBe(0);
    await other.createRun(run("r"));
    await expect.poll(() => heard.count).toBeGreaterThan(0);
  });

  test("a connection that is lost is made again", async () => {
    const way = await proxy();
    const one = await opened(way.url("heard"));
    const other = await opened(urlOf("heard"));
    const heard = await listening(one);
    way.cut();
    await expect.poll(() => heard.count, { timeout: 10_000 }).toBeGreaterThan(0); // it listens again
    await setTimeout(100);
    heard.count = 0;
    await other.createRun(run("r"));
    await expect.poll(() => heard.count, { timeout: 5_000 }).toBeGreaterThan(0);
  });
});
