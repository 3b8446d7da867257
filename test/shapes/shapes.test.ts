import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as perdure from "perdure";
import * as internal from "perdure/internal";
import { advance, crashEverywhere, setup } from "perdure/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { load, plainRuntime, type Mode } from "../../packages/compiler/test/execute.ts";
import { fixtures, type Fixture } from "../../packages/compiler/test/fixtures.ts";

/**
 * An executable fixture exports two functions. `body` exercises the shape of its table row, calls `log` (declared by the harness)
 * where order matters, and returns a plain value; `main` is the workflow that returns `body()`. Both are deterministic. `steps.txt` contains the
 * steps that `main` records.
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

/** The result of a call, and everything logged since the program was loaded. */
async function outcome({ log }: Program, call: () => Promise<unknown>): Promise<unknown> {
  const result = await call();
  return { result, log: [...log] };
}

/** The result and the steps of a run in a store of its own. Its sleeps and backoffs take no time. */
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

describe.each(fixtures.filter(isExecutable).map((fixture) => [fixture.name, fixture] as const))(
  "the fixture %s",
  (_, fixture) => {
    test("outside a run, the compiled fixture behaves like the plain one", async () => {
      const plain = program(fixture, "plain");
      const compiled = program(fixture, "compiled");
      perdure.configure({ store: "memory:" }); // a workflow called outside a run starts one
      onTestFinished(perdure.close);
      expect(await outcome(compiled, compiled.body)).toEqual(await outcome(plain, plain.body));
    });

    test("in a run, the compiled fixture behaves like the plain one, even after a crash at any durable write", async () => {
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
  },
);

function check(path: string, actual: string): void {
  if (update) writeFileSync(path, actual);
  expect(actual).toBe(readFileSync(path, "utf8"));
  expect(actual).not.toBe("");
}
