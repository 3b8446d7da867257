/** What `perdure doctor` finds in programs and stores. */
import { join } from "node:path";
import Database from "better-sqlite3";
import { sqliteStore } from "perdure";
import { expect, test } from "vitest";
import { migrate } from "../../packages/store/src/sqlite/migrate.ts";
import { migrations } from "../../packages/store/src/sqlite/migrations/index.ts";
import { temporaryDirectory, writeFiles } from "../directories.ts";
import { onTerminal, perdure, storeIn } from "./command.ts";
import { builtService, startService } from "./service.ts";

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { readonly check: string; readonly message: string }[];
}

const reportOf = (output: string): Report => JSON.parse(output) as Report;

const compiled = `import * as $perdure from "perdure/internal"; $perdure.module(6, {});`;

test("doctor finds nothing wrong with a healthy program, and the faults of another one", async () => {
  const [good, bad] = [temporaryDirectory("good"), temporaryDirectory("bad")];
  for (const directory of [good, bad]) await sqliteStore(join(directory, "runs.db")).open();
  writeFiles(good, {
    "package.json": `{ "devDependencies": { "unplugin-perdure": "1" } }`,
    "node_modules/perdure/package.json": "{}",
    "dist/app.mjs": `${compiled}\nconst help = "write 'use task' first";`,
  });
  writeFiles(bad, {
    "package.json": `{ "dependencies": { "perdure": "1" } }`,
    "node_modules/perdure/package.json": "{}",
    "node_modules/@some/lib/node_modules/perdure/package.json": "{}",
    "dist/app.mjs": `${compiled}\nconfigure({durability:"normal"})`,
    "dist/deep/other.cjs": `async function f(){"use workflow: id=x";return 1}`,
  });
  const [fine, faulty, ignoring, shown] = await Promise.all([
    perdure(["doctor", "--json"], { cwd: good, store: storeIn(good) }),
    perdure(["doctor", "--json"], { cwd: bad, store: storeIn(bad) }),
    perdure(["doctor", "--ignore", "plugin", "copies", "compiled", "durability"], { cwd: bad, store: storeIn(bad) }),
    onTerminal(["doctor"], { cwd: bad, store: storeIn(bad) }),
  ]);
  expect([fine.code, fine.output]).toEqual([0, `{"ok":true,"findings":[]}\n`]);
  expect(faulty.code).toBe(1);
  expect(reportOf(faulty.output).findings.map(({ check, message }) => `${check}: ${message}`)).toEqual([
    "plugin: neither package.json nor a configuration of the build names unplugin-perdure",
    "compiled: dist/deep/other.cjs has a directive that no compiler has seen: its functions are not durable",
    "copies: there are several copies of the runtime: node_modules/perdure, node_modules/@some/lib/node_modules/perdure",
    "durability: dist/app.mjs sets durability to normal: the latest commits do not survive a power failure",
  ]);
  expect(ignoring).toMatchObject({ code: 0, output: expect.stringContaining("✔ schema") as string });
  expect(shown.code).toBe(1);
  expect(shown.output).toContain("→");
});

test("doctor finds runs of a dead process, runs that no program has the workflow of, and a driver that cannot be loaded", async () => {
  const file = await builtService("doctor");
  const { store, directory, program } = await startService(file);
  expect(reportOf((await perdure(["doctor", "--json"], { store, cwd: directory })).output)).toMatchObject({ ok: true });
  program.process.kill("SIGKILL");
  await program.ended;
  writeFiles(directory, {
    "other.json": `{ "version": 1, "modules": [] }`,
    "no-driver.cjs": `const Module = require("node:module"); const load = Module._load;
      Module._load = (id, ...rest) => { if (id === "better-sqlite3") throw new Error("wrong ELF class"); return load(id, ...rest); };`,
  });
  const [dead, unknown, driver, missing] = await Promise.all([
    perdure(["doctor", "--json", "--manifest", join(file, "../perdure.manifest.json")], { store, cwd: directory }),
    perdure(["doctor", "--json", "--manifest", "other.json", "--ignore", "orphans"], { store, cwd: directory }),
    perdure(["doctor", "--json"], {
      store,
      cwd: directory,
      env: { NODE_OPTIONS: `--require=${join(directory, "no-driver.cjs")}` },
    }),
    perdure(["doctor", "--json", "--store", "sqlite:gone.db"], { cwd: directory }),
  ]);
  expect(reportOf(dead.output).findings).toMatchObject([
    { check: "orphans", message: "3 runs (part-w, whole-w, approval-a): running, and the process is dead" },
  ]);
  expect(reportOf(unknown.output).findings).toMatchObject([
    { check: "workflows", message: expect.stringContaining("no program has the workflow part (doctor.ts)") as string },
  ]);
  expect(reportOf(driver.output).findings).toMatchObject([
    { check: "driver", message: expect.stringContaining("wrong ELF class") as string },
  ]);
  expect(reportOf(missing.output).findings).toMatchObject([{ check: "store" }]);
});

test("an older file is not migrated: what only reads gets a copy, the rest is refused", async () => {
  const directory = temporaryDirectory("cli");
  const path = join(directory, "runs.db");
  const db = new Database(path);
  migrate(db, path, migrations.slice(0, 4));
  db.exec(`INSERT INTO runs (id, status, epoch, updated_at, created_at, workflow, file, input_hash, code, code_seq, seed, input)
    VALUES ('old', 'waiting', 1, 1, 1, 'ship', 'f.ts', 'h', 'c', 3, 's', '1:[[]]')`);
  const place = { store: storeIn(directory), cwd: directory };
  writeFiles(directory, { "m.json": `{ "version": 1, "modules": [] }` });
  const [doctor, runs, show, check, retry] = await Promise.all([
    perdure(["doctor", "--json"], place),
    perdure(["runs"], place),
    perdure(["show", "old"], place),
    perdure(["check", "m.json"], place),
    perdure(["retry", "old"], place),
  ]);
  expect(reportOf(doctor.output).findings).toMatchObject([{ check: "schema" }]);
  expect(runs).toMatchObject({ code: 0, output: expect.stringMatching(/^waiting\told\tship\t/u) as string });
  expect(show).toMatchObject({ code: 0, output: expect.stringContaining("workflow   ship (f.ts)") as string });
  expect(check).toMatchObject({ code: 1, output: expect.stringContaining("the build has no workflow ship") as string });
  expect(retry).toMatchObject({ code: 3, output: expect.stringContaining("has version 4 of the schema") as string });
  expect(db.pragma("user_version", { simple: true })).toBe(4);
  db.close();
});
