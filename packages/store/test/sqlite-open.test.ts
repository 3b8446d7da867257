import {
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  openSync,
  writeSync,
  closeSync,
  statSync,
  existsSync,
} from "node:fs";
import { join } from "node:path";
import { PerdureError } from "@perdure/protocol";
import { describe, expect, test } from "vitest";
import { sqliteStore, type RunRow } from "../src/index.ts";
import { assertDurable } from "../src/sqlite/connection.ts";
import { assertDriver, loadDriver, type Connection } from "../src/sqlite/driver.ts";
import { translate } from "../src/sqlite/errors.ts";
import { APPLICATION_ID, migrate } from "../src/sqlite/migrate.ts";
import { migrations } from "../src/sqlite/migrations/index.ts";
import { tempFiles } from "./temp.ts";

const Database = loadDriver();

const file = tempFiles();
const run = {
  id: "r",
  workflow: "ship",
  file: "f.ts",
  input: "[1]",
  inputHash: "h",
  code: "c",
  modules: "[]",
  seed: "s",
  createdAt: 1,
};
const checkpoint = (place: number) => ({
  type: "step" as const,
  run: "r",
  epoch: 1,
  step: {
    id: `a[${place}]`,
    kind: "task" as const,
    state: "completed" as const,
    seq: place + 1,
    inputHash: "h",
    attempt: 1,
    startedAt: 1,
    output: "x".repeat(500),
  },
});

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof PerdureError) return error.code;
    throw error;
  }
  return "no error";
}

const openCode = (path: string, options = {}): string =>
  codeOf(() => {
    const store = sqliteStore(path, options);
    store.open();
    store.close();
  });

function withDatabase<T>(path: string, work: (db: Connection) => T): T {
  const db = new Database(path);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** The path of a closed store that contains a run with many steps. */
function filled(): string {
  const path = file();
  const store = sqliteStore(path, { durability: "normal" });
  store.open();
  store.createRun({ ...run, lease: { owner: "me", ms: 9 } });
  store.commit(Array.from({ length: 2_000 }, (_, place) => checkpoint(place)));
  store.close();
  return path;
}

describe("the durability of a SQLite store", () => {
  test.each([
    ["full", 2],
    ["normal", 1],
  ] as const)("durability %s is applied whenever a file is created or opened", (durability, synchronous) => {
    const path = file();
    for (const times of [1, 2, 3]) {
      const store = sqliteStore(path, { durability });
      store.open();
      expect([times, store.settings()]).toEqual([times, { journalMode: "wal", synchronous, busyTimeout: 5_000 }]);
      store.close();
    }
  });

  test("durability full is the default, even for a file that was created with normal", () => {
    const path = file();
    expect(openCode(path, { durability: "normal" })).toBe("no error");
    const store = sqliteStore(path);
    store.open();
    expect(store.settings().synchronous).toBe(2);
    store.close();
  });

  test("a file is busy while another process prevents the change of its journal mode", () => {
    const path = file();
    expect(openCode(path)).toBe("no error");
    withDatabase(path, (db) => db.pragma("journal_mode = DELETE"));
    const other = new Database(path);
    other.exec("BEGIN; SELECT * FROM runs");
    expect(openCode(path, { busyTimeout: 50 })).toBe("STORE_BUSY");
    other.close();
    expect(openCode(path)).toBe("no error");
  });
});

test("connection settings that are less durable than requested are refused", () => {
  const wal = { journalMode: "wal", synchronous: 2, busyTimeout: 1 };
  expect(codeOf(() => assertDurable("a.db", "full", wal))).toBe("no error");
  expect(codeOf(() => assertDurable("a.db", "full", { ...wal, synchronous: 1 }))).toBe("STORE_NOT_DURABLE");
  expect(codeOf(() => assertDurable("a.db", "full", { ...wal, journalMode: "delete" }))).toBe("STORE_NOT_DURABLE");
});

describe("the path of a SQLite store", () => {
  test("an in-memory path is rejected", () => {
    expect(openCode(":memory:")).toBe("STORE_URL_INVALID");
    expect(openCode("")).toBe("STORE_URL_INVALID");
  });

  test("a directory is rejected", () => {
    const path = file("dir");
    mkdirSync(path);
    expect(openCode(path)).toBe("STORE_IS_DIRECTORY");
    expect(openCode(`${file("new")}/`)).toBe("STORE_IS_DIRECTORY");
  });

  test("a file without a parent directory is rejected", () => {
    expect(openCode(join(file("none"), "a.db"))).toBe("STORE_NO_DIRECTORY");
    const plain = file();
    writeFileSync(plain, "");
    expect(openCode(join(plain, "a.db"))).toBe("STORE_NO_DIRECTORY");
  });

  test.runIf(existsSync("/proc/self"))("a file in a read-only directory is rejected", () => {
    expect(openCode("/proc/perdure.db")).toBe("STORE_READ_ONLY");
  });

  test("a file that is not a database is rejected and stays unchanged", () => {
    for (const bytes of ["x", "not a database".repeat(10), "y".repeat(10_000)]) {
      const path = file();
      writeFileSync(path, bytes);
      expect(openCode(path)).toBe("STORE_CORRUPT");
      expect(readFileSync(path, "utf8")).toBe(bytes);
    }
  });

  test("a database of another program is rejected and stays unchanged", () => {
    const others = [
      "CREATE TABLE users (id)",
      "PRAGMA application_id = 77",
      "PRAGMA user_version = 3",
      "CREATE TABLE runs (id); PRAGMA user_version = 1",
    ];
    for (const sql of others) {
      const path = file();
      withDatabase(path, (db) => db.exec(sql));
      const before = readFileSync(path);
      expect(openCode(path)).toBe("STORE_FOREIGN");
      expect(readFileSync(path).equals(before)).toBe(true);
    }
  });

  test("an empty file becomes a new store", () => {
    const path = file();
    writeFileSync(path, "");
    expect(openCode(path)).toBe("no error");
  });
});

describe("a damaged SQLite store", () => {
  test("a truncated file is detected when it is opened", () => {
    const path = filled();
    truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096);
    expect(openCode(path)).toBe("STORE_CORRUPT");
  });

  test("a damaged page is detected by the call that reads it", () => {
    const path = filled();
    const pages = statSync(path).size / 4096;
    const handle = openSync(path, "r+");
    for (let page = 80; page < pages; page++) writeSync(handle, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
    closeSync(handle);
    const store = sqliteStore(path);
    store.open();
    expect(codeOf(() => store.steps("r"))).toBe("STORE_CORRUPT");
    expect(codeOf(() => store.commit([checkpoint(5_000), checkpoint(1)]))).toBe("STORE_CORRUPT");
    expect(store.getRun("r")).toMatchObject({ id: "r" });
    store.close();
  });

  test.each(["deleted", "replaced"])("a file that was %s while it was in use accepts no more writes", (how) => {
    const path = file();
    const store = sqliteStore(path);
    store.open();
    store.createRun(run);
    for (const part of ["", "-wal", "-shm"]) rmSync(path + part, { force: true });
    if (how === "replaced") {
      const other = sqliteStore(path);
      other.open();
      other.close();
    }
    expect(codeOf(() => store.commit([checkpoint(1)]))).toBe("STORE_REPLACED");
    expect(codeOf(() => store.createRun({ ...run, id: "another" }))).toBe("STORE_REPLACED");
    store.close();
    const found = sqliteStore(path);
    found.open();
    expect(found.listRuns({})).toEqual([]);
    found.close();
  });

  test("a missing table is detected when the file is opened", () => {
    const path = filled();
    withDatabase(path, (db) => db.exec("DROP TABLE signals"));
    expect(openCode(path)).toBe("STORE_CORRUPT");
  });
});

describe("the schema of a SQLite store", () => {
  test("a new file has the latest schema version and the application id", () => {
    const path = file();
    openCode(path);
    withDatabase(path, (db) => {
      expect(db.pragma("user_version", { simple: true })).toBe(migrations.length);
      expect(db.pragma("application_id", { simple: true })).toBe(APPLICATION_ID);
    });
  });

  test("the views show runs and steps in words and as times, to any SQLite tool", () => {
    const path = file();
    const store = sqliteStore(path, { durability: "normal" });
    store.open();
    const createdAt = Date.UTC(2026, 10, 26, 4, 30, 0, 125);
    store.createRun({ ...run, tags: ["vip"], createdAt, lease: { owner: "me", ms: 9 } });
    const blocked = { error: "STEPS_LOST", message: "m", code: "c" };
    const { step, ...write } = checkpoint(0);
    const { seq: _, ...unfinished } = step;
    store.commit([
      { ...write, step: { ...step, startedAt: createdAt, finishedAt: createdAt + 2_500 } },
      { ...write, step: { ...unfinished, id: "sleep[0]", kind: "sleep", state: "open", dueAt: 0 } },
      { type: "release", run: "r", epoch: 1, status: "pending", blocked, at: createdAt },
    ]);
    store.close();
    withDatabase(path, (db) => {
      expect(db.prepare("SELECT id, status, blocked, tags, created_at FROM perdure_runs").all()).toEqual([
        { id: "r", status: "pending", blocked: "STEPS_LOST", tags: '["vip"]', created_at: "2026-11-26T04:30:00.125Z" },
      ]);
      const columns = "run, workflow, seq, step, kind, state, attempts, milliseconds, due_at";
      expect(db.prepare(`SELECT ${columns} FROM perdure_steps ORDER BY seq IS NULL, seq`).raw().all()).toEqual([
        ["r", "ship", 1, "a[0]", "task", "completed", 1, 2_500, null],
        ["r", "ship", null, "sleep[0]", "sleep", "open", 1, null, "1970-01-01T00:00:00.000Z"],
      ]);
    });
  });

  test.skipIf(process.platform === "win32")("a new file, and those beside it, are readable by their owner only", () => {
    const path = file();
    const store = sqliteStore(path);
    store.open();
    store.createRun(run);
    for (const each of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(each).mode & 0o777).toBe(0o600);
    store.close();
  });

  test("a store with a newer schema is refused and stays unchanged", () => {
    const path = filled();
    withDatabase(path, (db) => db.pragma("user_version = 999"));
    expect(() => sqliteStore(path).open()).toThrow(
      new RegExp(
        `has schema version 999; this version of Perdure supports schema versions up to ${migrations.length}`,
        "u",
      ),
    );
    withDatabase(path, (db) => expect(db.pragma("user_version", { simple: true })).toBe(999));
  });

  test("a store with an older schema is migrated and keeps its rows", () => {
    const path = filled();
    withDatabase(path, (db) => {
      migrate(db, path, [
        ...migrations,
        "ALTER TABLE runs ADD COLUMN note TEXT",
        "ALTER TABLE runs ADD COLUMN note2 TEXT",
      ]);
      expect(db.pragma("user_version", { simple: true })).toBe(migrations.length + 2);
      expect(db.prepare("SELECT id, note, note2 FROM runs").all()).toEqual([{ id: "r", note: null, note2: null }]);
    });
  });

  test("a store with schema 1 keeps its runs and records the code version of new runs", () => {
    const path = file();
    withDatabase(path, (db) => {
      migrate(db, path, migrations.slice(0, 1));
      db.exec(`INSERT INTO runs (id, status, epoch, updated_at, created_at, workflow, file, input_hash, code, code_seq, seed, input)
        VALUES ('old', 'running', 1, 1, 1, 'ship', 'f.ts', 'h', 'c', 3, 's', '[1]')`);
    });
    const store = sqliteStore(path);
    store.open();
    expect(store.getRun("old")).toEqual({
      id: "old",
      workflow: "ship",
      file: "f.ts",
      status: "running",
      input: "[1]",
      inputHash: "h",
      code: "c",
      codeSeq: 3,
      seed: "s",
      epoch: 1,
      restarts: 0,
      stalls: 0,
      startedAt: 1,
      releasedAt: 1,
      createdAt: 1,
      updatedAt: 1,
    });
    expect(store.getCode("c")).toBe(undefined);
    store.createRun({ ...run, id: "new" });
    expect(store.getCode("c")).toBe("[]");
    store.close();
    withDatabase(path, (db) => expect(db.pragma("user_version", { simple: true })).toBe(migrations.length));
  });

  test("a store without streams is migrated, and its runs get some", () => {
    const path = file();
    withDatabase(path, (db) => {
      migrate(db, path, migrations.slice(0, 8));
      db.exec(`INSERT INTO runs (id, status, epoch, owner, lease_until, updated_at, created_at, started_at, workflow, file, input_hash, code, code_seq, seed, input)
        VALUES ('old', 'running', 1, 'me', 9e15, 1, 1, 1, 'ship', 'f.ts', 'h', 'c', 3, 's', '[1]')`);
    });
    const store = sqliteStore(path);
    store.open();
    expect(store.streams?.("old")).toEqual([]);
    const entries = [{ index: 0, type: "chunk", part: "a[0]", value: "1" }] as const;
    expect(store.commit([{ type: "stream", run: "old", epoch: 1, stream: "s", entries }])).toEqual([true]);
    const page = { entries, next: 1, status: "running", epoch: 1 };
    expect(store.readStream?.({ run: "old", stream: "s", from: 0, limit: 9 })).toEqual(page);
    store.close();
  });

  test("S10 a code version can be recorded after a transaction that recorded it has failed", () => {
    const path = filled();
    const store = sqliteStore(path);
    store.open();
    const coded = { type: "code", run: "r", epoch: 1, code: "c2", modules: "[2]", codeSeq: 0 } as const;
    const odd = {
      ...checkpoint(6_001),
      step: { ...checkpoint(6_001).step, startedAt: Symbol("no number") as unknown as number },
    };
    expect(() => store.commit([coded, odd])).toThrow(TypeError);
    expect([store.getCode("c2"), (store.getRun("r") as RunRow).code]).toEqual([undefined, "c"]);
    expect(store.commit([coded])).toEqual([true]);
    expect([store.getCode("c2"), (store.getRun("r") as RunRow).code]).toEqual(["[2]", "c2"]);
    store.close();
  });

  test("S10 a store that is reopened on a new file records its code versions again", () => {
    const path = file();
    const store = sqliteStore(path);
    for (const modules of ["[1]", "[2]"]) {
      store.open();
      store.createRun({ ...run, modules });
      expect(store.getCode("c")).toBe(modules);
      store.close();
      rmSync(path);
    }
  });

  test("a failing migration leaves the store unchanged", () => {
    const path = filled();
    withDatabase(path, (db) => {
      expect(() => migrate(db, path, [...migrations, "ALTER TABLE runs ADD COLUMN note TEXT", "nonsense"])).toThrow(
        /syntax error/u,
      );
      expect(db.pragma("user_version", { simple: true })).toBe(migrations.length);
      expect(db.pragma("table_info(runs)")).not.toContainEqual(expect.objectContaining({ name: "note" }));
    });
    expect(openCode(path)).toBe("no error");
  });

  test("released migrations do not change", () => {
    expect(migrations).toMatchSnapshot();
  });
});

describe("the errors of a SQLite store", () => {
  const place = { path: "/data/a.db", busyTimeout: 70 };
  test.each([
    ["SQLITE_READONLY", "STORE_READ_ONLY"],
    ["SQLITE_READONLY_DIRECTORY", "STORE_READ_ONLY"],
    ["SQLITE_CANTOPEN", "STORE_READ_ONLY"],
    ["SQLITE_PERM", "STORE_READ_ONLY"],
    ["SQLITE_CORRUPT", "STORE_CORRUPT"],
    ["SQLITE_CORRUPT_INDEX", "STORE_CORRUPT"],
    ["SQLITE_NOTADB", "STORE_CORRUPT"],
    ["SQLITE_BUSY", "STORE_BUSY"],
    ["SQLITE_BUSY_SNAPSHOT", "STORE_BUSY"],
    ["SQLITE_FULL", "STORE_IO"],
    ["SQLITE_IOERR_FSYNC", "STORE_IO"],
  ])("the SQLite error %s becomes %s", (from, to) => {
    const cause = new Database.SqliteError("the message of SQLite", from);
    expect(translate(cause, place)).toMatchObject({ code: to, cause, message: expect.stringContaining("/data/a.db") });
  });

  test("other errors are passed on unchanged", () => {
    for (const error of [
      new Database.SqliteError("no such table", "SQLITE_ERROR"),
      new RangeError("x"),
      "text",
      undefined,
    ]) {
      expect(translate(error, place)).toBe(error);
    }
  });

  test("a lock held by another process is reported after the timeout", () => {
    const path = filled();
    const store = sqliteStore(path, { busyTimeout: 40 });
    store.open();
    withDatabase(path, (other) => {
      other.exec("BEGIN IMMEDIATE");
      expect(() => store.commit([checkpoint(5_000)])).toThrow(/another process kept the store .* locked for 40 ms/u);
      expect(store.getRun("r")).toMatchObject({ id: "r" });
      other.exec("ROLLBACK");
    });
    expect(store.commit([checkpoint(5_000)])).toEqual([true]);
    store.close();
  });

  test("a batch that fails halfway writes nothing", () => {
    const path = filled();
    const store = sqliteStore(path);
    store.open();
    const odd = {
      ...checkpoint(6_001),
      step: { ...checkpoint(6_001).step, startedAt: Symbol("no number") as unknown as number },
    };
    expect(() => store.commit([checkpoint(6_000), odd])).toThrow(TypeError);
    expect(store.steps("r")).toHaveLength(2_000);
    expect(store.commit([checkpoint(6_000)])).toEqual([true]);
    store.close();
  });

  test("a store can be used only between open() and close()", () => {
    const store = sqliteStore(file());
    expect(codeOf(() => store.getRun("r"))).toBe("STORE_CLOSED");
    store.open();
    store.open();
    store.close();
    store.close();
    expect(codeOf(() => store.commit([checkpoint(1)]))).toBe("STORE_CLOSED");
    store.open();
    expect(store.getRun("r")).toBe(undefined);
    store.close();
  });

  test("a driver version that crashes on this version of Node is refused before it is loaded", () => {
    const node20 = { node: "20.20.2", napi: "9" };
    expect(() => assertDriver("12.11.1", node20)).not.toThrow();
    expect(() => assertDriver("13.2.0", { node: "22.14.0", napi: "10" })).not.toThrow();
    expect(() => assertDriver("13.2.0", node20)).toThrow(/better-sqlite3 13\.2\.0 crashes on Node 20\.20\.2/u);
    expect(() => assertDriver("14.0.0", { node: "20.1.0" })).toThrow(PerdureError);
  });
});
