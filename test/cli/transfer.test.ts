/** Runs that leave one store as a file and come into another one. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory, writeFiles } from "../directories.ts";
import { perdure, storeIn } from "./command.ts";
import { builtService, startService } from "./service.ts";

interface Shown {
  readonly run: Record<string, unknown>;
  readonly executions: unknown[];
  readonly steps: unknown[];
}

test("exported runs are the same in another store, with their children; values are left out on wish", async () => {
  const file = await builtService("transfer");
  const { store, program } = await startService(file);
  await program.stop();
  const target = temporaryDirectory("cli");
  const place = { store, cwd: target };
  const other = { store: storeIn(target), cwd: target };
  const [whole, redacted, all] = await Promise.all([
    perdure(["export", "order-bad", "order-good", "whole-w", "-o", "runs.json"], place),
    perdure(["export", "order-bad", "order-good", "--redact", "values"], place),
    perdure(["export", "order-bad", "--redact", "all"], place),
  ]);
  expect(whole).toEqual({ code: 0, output: "4 runs are in runs.json\n" });
  expect(statSync(join(target, "runs.json")).mode & 0o777).toBe(0o600);
  expect(redacted.output).toContain("Declined");
  expect(redacted.output).not.toMatch(/plate|\bMoney|500/u);
  expect(all.output).not.toContain("declined");

  expect(await perdure(["import", "runs.json"], other)).toEqual({ code: 0, output: "imported 4 runs\n" });
  expect(await perdure(["import", "runs.json", "--json"], other)).toEqual({
    code: 1,
    output: `{"imported":0,"existing":["order-bad","order-good","whole-w","part-w"]}\n`,
  });
  for (const id of ["order-bad", "order-good", "whole-w"]) {
    const [before, after] = await Promise.all([place, other].map((at) => perdure(["show", id, "--json"], at)));
    const { executions: _, ...exported } = JSON.parse(before?.output ?? "") as Shown;
    const { executions: __, ...imported } = JSON.parse(after?.output ?? "") as Shown;
    expect(imported).toEqual(exported);
  }
  // the new build would do the same with them: their code came along
  expect(JSON.parse((await perdure(["check", join(file, ".."), "--json"], other)).output)).toMatchObject({
    ok: true,
    runs: [{ outcome: "same" }, { outcome: "same" }],
  });
});

test("a file that is no export is refused, and changes nothing", async () => {
  const directory = temporaryDirectory("cli");
  writeFiles(directory, { "a.json": `{"perdure":1,"runs":[{"run":{"id":5}}],"codes":{}}`, "b.json": "no" });
  const place = { store: storeIn(directory), cwd: directory };
  const [a, b, gone] = await Promise.all(
    ["a.json", "b.json", "gone.json"].map((file) => perdure(["import", file], place)),
  );
  expect(a).toMatchObject({
    code: 2,
    output: expect.stringContaining("a.json is not a file of perdure export") as string,
  });
  expect([b?.code, gone?.code]).toEqual([2, 3]);
  expect(existsSync(join(directory, "runs.db"))).toBe(false);
});
