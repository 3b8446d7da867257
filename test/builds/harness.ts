import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sqliteStore } from "perdure";
import { expect } from "vitest";
import { createGeneratedDirectory } from "../directories.ts";
import { program, type Build } from "./build.ts";

const directories = new Map<Build, string>();

/** The output directory of the build, shared by the tests of one file. */
export function directoryOf(build: Build): string {
  const known = directories.get(build);
  if (known !== undefined) return known;
  const directory = createGeneratedDirectory("build");
  directories.set(build, directory);
  return directory;
}

export const cleanUp = (): void =>
  directories.forEach((directory) =>
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  );

const commands = new Map<Build, Promise<readonly string[]>>();

/** Builds once. */
function commandOf(build: Build): Promise<readonly string[]> {
  const known = commands.get(build);
  if (known) return known;
  const out = directoryOf(build);
  const command = build.build(program, out);
  commands.set(build, command);
  return command;
}

/** Runs the built program in a process of its own, which keeps its data in the directory `state`. */
export const execute = async (build: Build, state: string, killAt?: string): Promise<Outcome> =>
  node(await commandOf(build), state, killAt);

export interface Outcome {
  readonly signal: string | null;
  readonly output: string;
  readonly errors: string;
}

export function node(command: readonly string[], state: string, killAt = ""): Outcome {
  mkdirSync(state, { recursive: true });
  const env = {
    ...process.env,
    PERDURE_STORE: `sqlite:${join(state, "shop.db")}`,
    EFFECTS: join(state, "effects"),
    KILL_AT: killAt,
  };
  const { signal, stdout, stderr } = spawnSync(process.execPath, ["--enable-source-maps", ...command], {
    env,
    encoding: "utf8",
  });
  // bundles that each contain the runtime print this warning, as they should; and one run of the program is meant to fail
  const expected = /^perdure (?:warn .*\(RUNTIME_TWICE\)|error run refused .*: Declined: .*)\n/gm;
  return { signal, output: stdout, errors: stderr.replace(expected, "") };
}

/** Every step and every run, sorted, because concurrent ones may end in any order. */
export async function recorded(state: string): Promise<string[]> {
  const store = sqliteStore(join(state, "shop.db"));
  await store.open();
  const runs = await store.listRuns({});
  const steps = await Promise.all(
    runs.map(async ({ id }) =>
      (await store.steps(id)).map((step) => `${id}: ${step.id} ${step.kind} ${step.state} at ${step.location}`),
    ),
  );
  await store.close();
  return [
    ...runs.map(({ id, status, code, file }) => `${id}: ${status}, code ${code}, ${file}`),
    ...steps.flat(),
  ].sort();
}

export const effects = (state: string): string[] => readFileSync(join(state, "effects"), "utf8").trimEnd().split("\n");

const snapshot = (name: string): string => join(import.meta.dirname, "expected", name);

/** Expects the steps and runs that every build records. */
export const expectRecorded = async (state: string): Promise<void> =>
  expect(`${(await recorded(state)).join("\n")}\n`).toMatchFileSnapshot(snapshot("recorded.txt"));

const withoutLocations = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/ at .*| code .*,/, ""));

/** Expects the same, except for locations and the fingerprint of the code. */
export async function expectSameIds(state: string): Promise<void> {
  const expected = readFileSync(snapshot("recorded.txt"), "utf8").trimEnd().split("\n");
  expect(withoutLocations(await recorded(state))).toEqual(withoutLocations(expected));
}

/** Expects the manifest that every build writes. */
export async function expectManifest(build: Build): Promise<void> {
  const manifest: unknown = JSON.parse(readFileSync(join(directoryOf(build), "manifest.json"), "utf8"));
  await expect(`${JSON.stringify(manifest, undefined, 2)}\n`).toMatchFileSnapshot(snapshot("manifest.json"));
}

/** The result of the program. */
export const result = { total: 12, paid: "12 from 42", approved: true, label: "label 17", shipped: "2 of 17 sent" };

/** Every attempt with an external effect in an undisturbed run. */
export const tasks: readonly string[] = [
  "reserve ink",
  "reserve paper",
  "reserve pen",
  "charge 12",
  "charge 12",
  "label 17",
  "hand over 0",
  "hand over 1",
  "charge 1",
];

const lineOf = (file: string, text: string): number =>
  readFileSync(join(program, file), "utf8")
    .split("\n")
    .findIndex((line) => line.includes(text)) + 1;
/** Matches the location in a stack trace where the program throws. */
export const thrownAt = new RegExp(
  `\\n +at [^\\n]*src/payment\\.ts:${lineOf("src/payment.ts", "throw new Declined")}:`,
);
