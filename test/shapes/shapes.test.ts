import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as perdure from "perdure";
import * as internal from "perdure/internal";
import { advance, crashEverywhere, setup } from "perdure/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { load, plainRuntime, type Mode } from "../../packages/compiler/test/execute.ts";
import { fixtures, type Fixture } from "../../packages/compiler/test/fixtures.ts";

/**
 * A fixture that can be executed exports two functions. `body` does everything that its row is about, calls `log` (which the harness declares)
 * where order matters, and returns a plain value; `main` is the workflow that returns `body()`. What they do depends on nothing else, and is the
 * same each time. `steps.txt` is what `main` leaves in the store.
 */
interface Program {
  readonly body: () => Promise<unknown>;
  readonly main: () => Promise<unknown>;
  readonly log: unknown[];
}

const isExecutable = ({ files, input }: Fixture): boolean => /\bbody\b/.test(files[input] ?? "");
const update = process.env["UPDATE"] === "1";

function program({ files, input }: Fixture, mode: Mode): Program {
  const log: unknown[] = [];
  const modules = mode === "plain" ? { perdure: plainRuntime } : { perdure, "perdure/internal": internal };
  const { body, main } = load(
    files,
    input,
    mode,
    modules,
    (...values) => void log.push(...structuredClone(values)),
  ) as Pick<Program, "body" | "main">;
  return { body, main, log };
}

/** What a call gives, and what was logged since the program was loaded. */
async function outcome({ log }: Program, call: () => Promise<unknown>): Promise<unknown> {
  const result = await call();
  return { result, log: [...log] };
}

/** A run in a store of its own, and the steps in it. Its sleeps, and the waits before retries, take no time. */
async function asRun(main: () => Promise<unknown>): Promise<{ readonly result: unknown; readonly steps: string }> {
  const { store } = setup();
  try {
    const running = main();
    await advance("1d");
    const result = await running;
    const runs = [...(await store.listRuns({ limit: 1000 }))].reverse();
    const steps = await Promise.all(
      runs.map(async ({ id, workflow }) =>
        (await store.steps(id)).map((step) => `${workflow} > ${step.id} at ${step.location ?? "?"}\n`),
      ),
    );
    return { result, steps: steps.flat().join("") };
  } finally {
    await perdure.close();
  }
}

describe.each(fixtures.filter(isExecutable).map((fixture) => [fixture.name, fixture] as const))("%s", (_, fixture) => {
  it("does outside of a run what it does uncompiled", async () => {
    const plain = program(fixture, "plain");
    const compiled = program(fixture, "compiled");
    perdure.configure({ store: "memory:" }); // a workflow that is called outside of a run begins one
    onTestFinished(perdure.close);
    expect(await outcome(compiled, compiled.body)).toEqual(await outcome(plain, plain.body));
  });

  it("does the same as a run, and after a crash at every durable write", async () => {
    const plain = program(fixture, "plain");
    const compiled = program(fixture, "compiled");
    let steps = "";
    const run = async (): Promise<unknown> => {
      const done = await asRun(compiled.main);
      steps = done.steps;
      return done.result;
    };
    expect(await outcome(compiled, run)).toEqual(await outcome(plain, plain.main));
    check(join(fixture.directory, "steps.txt"), steps);
    await crashEverywhere(compiled.main, []);
  });
});

function check(path: string, actual: string): void {
  if (update) writeFileSync(path, actual);
  expect(actual).toBe(readFileSync(path, "utf8"));
  expect(actual).not.toBe("");
}
