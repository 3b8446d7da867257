import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildProgram, run } from "../programs.ts";
import { temporaryDirectory } from "../stores.ts";

/** Ten tasks, each a line in $LOG and a moment of waiting. */
const counting = `
  import { appendFileSync } from "node:fs";
  import { configure, start, recover } from "perdure";
  configure({ lease: "600ms", pollInterval: "50ms" });
  async function note(i: number) {
    "use task: retries=0";
    appendFileSync(process.env.LOG!, i + "\\n");
    console.log("at", i);
    await new Promise((done) => setTimeout(done, 40));
    return i;
  }
  async function count(n: number) {
    "use workflow: id=count";
    let sum = 0;
    for (let i = 0; i < n; i++) sum += await note(i);
    return sum;
  }
  console.log("sum", await count(10));
`;

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);

test("R5 two processes that start one run at once: one executes it, both get the result", async () => {
  const directory = temporaryDirectory();
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}`, LOG: join(directory, "log") };
  const file = await buildProgram(counting);
  const programs = [run(file, env), run(file, env)];
  expect(await Promise.all(programs.map(({ ended }) => ended))).toEqual([0, 0]);
  for (const { output } of programs) expect(output()).toContain("sum 45");
  expect(lines(env.LOG)).toEqual([..."0123456789"]);
});

test("R5 a process that is paused loses its run, and cannot write when it comes back", async () => {
  const directory = temporaryDirectory();
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}`, LOG: join(directory, "log") };
  const file = await buildProgram(counting);
  const first = run(file, env);
  await first.printed("at 3");
  first.process.kill("SIGSTOP");
  const second = run(file, env);
  await second.printed("sum 45");
  first.process.kill("SIGCONT");
  await first.printed("sum 45");
  expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
  const again = lines(env.LOG).filter((line, index, all) => all.indexOf(line) < index);
  expect(again.length, `at most the task that ran when the process was paused: ${again.join()}`).toBeLessThanOrEqual(1);
});

test("kill -9 at any moment: the next process goes on at once, and finished tasks do not run again", async () => {
  const directory = temporaryDirectory();
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}`, LOG: join(directory, "log") };
  const file = await buildProgram(counting);
  for (const place of ["at 2", "at 5", "at 8"]) {
    const program = run(file, env);
    await program.printed(place);
    program.process.kill("SIGKILL");
    expect(await program.ended).toBe("SIGKILL");
  }
  const last = run(file, env);
  expect(await last.ended).toBe(0);
  expect(last.output()).toContain("sum 45");
  expect(lines(env.LOG).join(" ")).toMatch(/^0 1 2 (?:2 )?3 4 5 (?:5 )?6 7 8 (?:8 )?9$/);
});

test("two programs on one store: each takes up only the workflows that it has", async () => {
  const directory = temporaryDirectory();
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}` };
  const program = (name: string): Promise<string> =>
    buildProgram(
      `
      import { recover, sleep, start, listRuns, close } from "perdure";
      async function ${name}() {
        "use workflow: id=${name}";
        await sleep("400ms");
        return "${name} done";
      }
      const recovered = await recover();
      console.log("recovered", recovered.map(({ id }) => id).join());
      if (process.env.BEGIN) { await start(${name}, []); console.log("begun"); }
      else { for (const run of recovered) console.log(await run.result()); await close(); }
    `,
      name,
    );
  const [alpha, beta] = [await program("alpha"), await program("beta")];
  for (const file of [alpha, beta]) {
    const begun = run(file, { ...env, BEGIN: "1" });
    await begun.printed("begun");
    begun.process.kill("SIGKILL");
    await begun.ended;
  }
  const again = run(beta, env);
  expect(await again.ended).toBe(0);
  expect(again.output()).toBe("recovered beta\nbeta done\n");
});

test("a stack trace names the original file and line", async () => {
  const file = await buildProgram(`
    import { configure } from "perdure";
    configure({ store: "memory:" });
    async function fails() {
      "use task: retries=0";
      throw new Error("here");
    }
    async function flow() {
      "use workflow";
      await fails();
    }
    await flow().catch((error) => console.log(error.stack));
  `);
  const program = run(file);
  expect(await program.ended).toBe(0);
  expect(program.output()).toMatch(/program\.ts:6:13/);
});
