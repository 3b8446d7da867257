/** The command and the inspector's server on a PostgreSQL store: the same as on a file. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { begin, perdure } from "../cli/command.ts";
import { builtService, startService } from "../cli/service.ts";
import { temporaryDirectory, writeFiles } from "../directories.ts";
import { startPostgres, type PostgresServer } from "./server.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

/** A store's URL as messages name it. */
const nameOf = (url: string): string => url.replace(/\?.*/u, "");

const json = (output: string): unknown => JSON.parse(output);

test("runs of a file that are imported are listed, shown and checked alike, and exported as the same file", async () => {
  const file = await builtService("postgres-transfer");
  const { store, directory, program } = await startService(file);
  await program.stop();
  const ids = ["order-bad", "order-good", "whole-w", "approval-a"];
  const here = { store, cwd: directory };
  const there = { store: `${server.url}?schema=imported`, cwd: directory };
  const another = { store: `sqlite:${join(directory, "imported.db")}`, cwd: directory };
  expect(await perdure(["export", ...ids, "-o", "runs.json"], here)).toMatchObject({ code: 0 });
  for (const place of [there, another])
    expect(await perdure(["import", "runs.json"], place)).toEqual({ code: 0, output: "imported 5 runs\n" });

  const reads = [
    ["runs", "--json"],
    ["runs", "--status", "failed"],
    ["runs", "--workflow", "order", "--search", "goo"],
    ["show", "order-bad", "--root", join(file, "..")],
    ["check", join(file, ".."), "--json"],
    ["queues", "--json"],
    ["schedules", "--json"],
    ["show", "nobody"],
  ];
  for (const args of reads) {
    const [ofFile, ofServer] = await Promise.all([perdure(args, another), perdure(args, there)]);
    expect({ args, ...ofServer }).toEqual({
      args,
      ...ofFile,
      output: ofFile.output.replace(/sqlite:\S+/u, nameOf(there.store)),
    });
  }
  const [file1, file2] = await Promise.all([another, there].map((place) => perdure(["export", ...ids], place)));
  expect(json(file2?.output ?? "")).toEqual(json(file1?.output ?? ""));
});

test("runs are followed, signalled, cancelled, retried, restarted, forked, deleted and pruned", async () => {
  const file = await builtService("postgres-steering");
  const { store, directory } = await startService(file, { store: `${server.url}?schema=steered` });
  const place = { store, cwd: directory };
  const does = async (...args: string[]): Promise<void> => {
    expect({ args, ...(await perdure(args, place)) }).toMatchObject({ args, code: 0 });
  };
  const statusOf = async (id: string): Promise<unknown> => {
    const { run } = json((await perdure(["show", id, "--json"], place)).output) as { run: { status: unknown } };
    return run.status;
  };

  const tail = begin(["tail", "approval-a", "--json"], place);
  await tail.printed(`"waiting"`);
  await does("signal", "approval-a", "approval", `{"by":"ada"}`);
  expect((await tail.exits(0)).trimEnd().split("\n").map(json).at(-1)).toMatchObject({
    run: "approval-a",
    status: "completed",
    output: { by: "ada" },
  });
  await does("cancel", "whole-w");
  await expect.poll(() => statusOf("whole-w")).toBe("cancelled");
  writeFiles(directory, { accept: "" });
  await does("retry", "order-bad");
  await expect.poll(() => statusOf("order-bad")).toBe("completed");
  await does("restart", "order-good");
  await expect.poll(() => statusOf("order-good")).toBe("completed");
  await does("fork", "order-good", "--from", "charge[0]", "--id", "forked");
  await expect.poll(() => statusOf("forked")).toBe("completed");
  await does("delete", "forked");
  await does("doctor", "--ignore", "plugin", "compiled", "copies");
  await does("prune", "--older-than", "0s");
  expect(json((await perdure(["runs", "--json"], place)).output)).toEqual([]);
});

test("the inspector serves the runs of the server", async () => {
  const file = await builtService("postgres-inspector");
  const { store, directory } = await startService(file, { store: `${server.url}?schema=inspected` });
  const inspector = begin(["inspect"], { store, cwd: directory });
  onTestFinished(() => inspector.stop().then(() => {}));
  await inspector.printed("http://");
  const [address = ""] = /http:\S+/u.exec(inspector.output) ?? [];
  const page = await fetch(address);
  expect(page.status).toBe(200);
});

test("a server that is away is told as the command's error, without the password", async () => {
  const directory = temporaryDirectory("cli");
  const { code, output } = await perdure(["runs"], { store: "postgres://me:secret@127.0.0.1:1/none", cwd: directory });
  expect(code).toBe(3);
  expect(output).toContain("the server of the store postgres://me@127.0.0.1:1/none cannot be reached");
  expect(output).not.toContain("secret");
});
