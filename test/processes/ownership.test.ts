import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";
import { buildProgram, run } from "../programs.ts";

/** Ten tasks, each of which appends a line to $LOG and takes a moment. */
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

test("R5 a run started by two processes at once is executed by one, and both receive the result", async () => {
  const directory = temporaryDirectory();
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}`, LOG: join(directory, "log") };
  const file = await buildProgram(counting);
  const programs = [run(file, env), run(file, env)];
  for (const program of programs) expect(await program.exits(0)).toContain("sum 45");
  expect(lines(env.LOG)).toEqual([..."0123456789"]);
});

test("R5 a paused process loses its run and cannot write to it after it continues", async () => {
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

test("after kill -9 at any moment, the next process resumes the run and repeats no finished task", async () => {
  const directory = temporaryDirectory();
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}`, LOG: join(directory, "log") };
  const file = await buildProgram(counting);
  for (const line of ["at 2", "at 5", "at 8"]) {
    const program = run(file, env);
    await program.printed(line);
    program.process.kill("SIGKILL");
    expect(await program.ended).toBe("SIGKILL");
  }
  expect(await run(file, env).exits(0)).toContain("sum 45");
  expect(lines(env.LOG).join(" ")).toMatch(/^0 1 2 (?:2 )?3 4 5 (?:5 )?6 7 8 (?:8 )?9$/);
});

test("a program resumes only the runs of its own workflows in a shared store", async () => {
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
  expect(await run(beta, env).exits(0)).toBe("recovered beta\nbeta done\n");
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
  expect(await run(file).exits(0)).toMatch(/program\.ts:6:13/);
});
