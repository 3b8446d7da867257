import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { sqliteStore } from "perdure";
import { afterAll, describe, expect, test } from "vitest";
import { program, type Build } from "./build.ts";
import { builds } from "./table.ts";

const generated = resolve(import.meta.dirname, "../.generated/builds");
rmSync(generated, { recursive: true, force: true });
afterAll(() => rmSync(generated, { recursive: true, force: true }));

const directoryOf = (build: Build): string => join(generated, String(builds.indexOf(build)));

const commands = new Map<Build, Promise<readonly string[]>>();

/** Builds once. */
function commandOf(build: Build): Promise<readonly string[]> {
  const known = commands.get(build);
  if (known) return known;
  const out = directoryOf(build);
  mkdirSync(out, { recursive: true });
  const command = build.build(program, out);
  commands.set(build, command);
  return command;
}

/** A process of the program, and what it leaves in the directory `state`. */
async function execute(build: Build, state: string, killAt = ""): Promise<{ readonly signal: string | null; readonly output: string; readonly errors: string }> {
  const command = await commandOf(build);
  mkdirSync(state, { recursive: true });
  const env = { ...process.env, PERDURE_STORE: `sqlite:${join(state, "shop.db")}`, EFFECTS: join(state, "effects"), KILL_AT: killAt };
  const { signal, stdout, stderr } = spawnSync(process.execPath, ["--enable-source-maps", ...command], { env, encoding: "utf8" });
  if (build.copies) expect(stderr).toMatch(/^(?:perdure warn [^\n]*\n[^\n]*\(RUNTIME_TWICE\)\n)?$/);
  return { signal, output: stdout, errors: build.copies ? "" : stderr };
}

/** Every step and every run, sorted: what goes on at the same time may end in any order. */
async function recorded(state: string): Promise<string[]> {
  const store = sqliteStore(join(state, "shop.db"));
  await store.open();
  const runs = await store.listRuns({});
  const steps = await Promise.all(runs.map(async ({ id }) => (await store.steps(id)).map((step) => `${id}: ${step.id} ${step.kind} ${step.state} at ${step.location}`)));
  await store.close();
  return [...runs.map(({ id, status, code, file }) => `${id}: ${status}, code ${code}, ${file}`), ...steps.flat()].sort();
}

const effects = (state: string): string[] => readFileSync(join(state, "effects"), "utf8").trimEnd().split("\n");

const result = { total: 12, paid: "12 from 42", approved: true, label: "label 17", shipped: "2 of 17 sent" };
const tasks = ["reserve ink", "reserve paper", "reserve pen", "charge 12", "charge 12", "label 17", "hand over 0", "hand over 1", "charge 1"];

const lineOf = (file: string, text: string): number => readFileSync(join(program, file), "utf8").split("\n").findIndex((line) => line.includes(text)) + 1;
const thrownAt = new RegExp(`\\n +at [^\\n]*src/payment\\.ts:${lineOf("src/payment.ts", "throw new Declined")}:`);

const snapshot = (name: string): string => join(import.meta.dirname, "expected", name);

/** Where the process is killed: in concurrent tasks, in a loop, behind a dynamic import, in a child workflow. */
const killPoints = ["reserve paper", "charge 12", "label 17", "hand over 1"];

describe.each(builds.map((build, i) => [build.name, build, i] as const))("%s", (_name, build, i) => {
  test("gives the same result, step ids and manifest, and stacks that name the source", async () => {
    const state = join(directoryOf(build), "whole");
    const { output, errors } = await execute(build, state);
    expect(errors).toBe("");
    const { stack, ...outcome }: { readonly stack: string } = JSON.parse(output);
    expect(outcome).toEqual({ result, audit: expect.stringMatching(/\/2 completed$/) });
    expect(effects(state).sort()).toEqual([...tasks].sort());
    await expect(`${(await recorded(state)).join("\n")}\n`).toMatchFileSnapshot(snapshot("recorded.txt"));
    const manifest: unknown = JSON.parse(readFileSync(join(directoryOf(build), "manifest.json"), "utf8"));
    await expect(`${JSON.stringify(manifest, undefined, 2)}\n`).toMatchFileSnapshot(snapshot("manifest.json"));
    if (build.unmapped === undefined) expect(stack).toMatch(thrownAt);
    else expect(stack, `no longer so: ${build.unmapped}`).not.toMatch(thrownAt);
  });

  const next = builds[(i + 1) % builds.length] ?? build;
  test(`a run that is killed goes on under ${next.name}`, async () => {
    const state = join(directoryOf(build), "killed");
    expect(await execute(build, state, killPoints[i % killPoints.length])).toMatchObject({ signal: "SIGKILL", output: "" });
    const finished = (await recorded(state)).filter((line) => / task (?:completed|failed) /.test(line));
    const before = effects(state).length;
    const { output, errors } = await execute(next, state);
    expect(errors).toBe("");
    expect(JSON.parse(output)).toMatchObject({ result });
    await expect(`${(await recorded(state)).join("\n")}\n`).toMatchFileSnapshot(snapshot("recorded.txt"));
    expect(effects(state)).toHaveLength(before + tasks.length - finished.length);
  });
});
