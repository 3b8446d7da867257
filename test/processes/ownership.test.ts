import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";
import { buildProgram, run } from "../programs.ts";

/** Ten tasks, each of which appends a line to $LOG and takes a moment. Task $HOLD does not end as long as the file $HELD exists. */
const counting = `
  import { appendFileSync, existsSync } from "node:fs";
  import { configure, start, recover } from "perdure";
  configure({ lease: "600ms", pollInterval: "50ms" });
  async function note(i: number) {
    "use task: retries=0";
    appendFileSync(process.env.LOG!, i + "\\n");
    console.log("at", i);
    const isHeld = () => String(i) === process.env.HOLD && existsSync(process.env.HELD!);
    do await new Promise((done) => setTimeout(done, 40));
    while (isHeld());
    return i;
  }
  async function count(n: number) {
    "use workflow: id=count";
    let sum = 0;
    for (let i = 0; i < n; i++) sum += await note(i);
    return sum;
  }
  console.log("begins");
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

test("R5 a process that stands still past its lease keeps its run, and no task runs twice", async () => {
  const directory = temporaryDirectory();
  const held = join(directory, "held");
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}`, LOG: join(directory, "log") };
  const file = await buildProgram(counting);
  writeFileSync(held, "");
  const first = run(file, { ...env, HOLD: "3", HELD: held });
  await first.printed("at 3");
  first.process.kill("SIGSTOP");
  const second = run(file, env);
  await second.printed("begins");
  await setTimeout(2_000); // more than three leases
  expect(second.output).toBe("begins\n");
  rmSync(held);
  first.process.kill("SIGCONT");
  for (const program of [first, second]) expect(await program.exits(0)).toContain("sum 45");
  expect(lines(env.LOG)).toEqual([..."0123456789"]);
});

test("R5 a process whose event loop is blocked past its lease keeps its run beside a worker", async () => {
  const directory = temporaryDirectory();
  const env = {
    PERDURE_STORE: `sqlite:${join(directory, "p.db")}`,
    LOG: join(directory, "log"),
    HELD: join(directory, "held"),
  };
  const file = await buildProgram(`
    import { appendFileSync, existsSync } from "node:fs";
    import { close, configure, getRun, start, worker } from "perdure";
    configure({ lease: "300ms", pollInterval: "50ms" });
    async function compute() {
      "use task: retries=0";
      appendFileSync(process.env.LOG!, "computed\\n");
      console.log("computing");
      while (existsSync(process.env.HELD!)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      return process.pid;
    }
    export async function job() {
      "use workflow: id=job";
      return await compute();
    }
    if (process.env.ROLE === "worker") {
      worker();
      const job = await getRun("job");
      console.log("works");
      console.log("the job ran in", await job.result());
    } else console.log("result", (await (await start(job, [])).result()) === process.pid);
    await close();
  `);
  writeFileSync(env.HELD, "");
  const owner = run(file, env);
  await owner.printed("computing");
  const other = run(file, { ...env, ROLE: "worker" });
  await other.printed("works");
  await setTimeout(1_500); // five leases
  rmSync(env.HELD);
  expect(await owner.exits(0)).toContain("result true");
  expect(await other.exits(0)).toContain(`the job ran in ${owner.process.pid}`);
  expect(lines(env.LOG)).toEqual(["computed"]);
});

test("R5 recover() resumes the run of a terminated worker thread when its lease has run out", async () => {
  const directory = temporaryDirectory();
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}`, LOG: join(directory, "log") };
  const file = await buildProgram(`
    import { appendFileSync } from "node:fs";
    import { isMainThread, parentPort, Worker } from "node:worker_threads";
    import { close, configure, recover, start } from "perdure";
    configure({ lease: "600ms", pollInterval: "50ms" });
    async function hang() {
      "use task";
      appendFileSync(process.env.LOG!, isMainThread ? "main\\n" : "thread\\n");
      parentPort?.postMessage("begun");
      if (!isMainThread) await new Promise(() => setInterval(() => {}, 1_000));
      return "done";
    }
    export async function job() {
      "use workflow: id=job";
      return await hang();
    }
    if (isMainThread) {
      const thread = new Worker(new URL(import.meta.url));
      await new Promise((resolve) => thread.once("message", resolve));
      await thread.terminate();
      const runs = await recover();
      console.log("recovered", runs.map((run) => run.id).join(), await runs[0]?.result());
      await close();
    } else await (await start(job, [])).result();
  `);
  expect(await run(file, env).exits(0)).toContain("recovered job done");
  expect(lines(env.LOG)).toEqual(["thread", "main"]);
});

test("R4 a task that kills its process is attempted as often as its retries allow, and harms no other run", async () => {
  const directory = temporaryDirectory();
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}`, LOG: join(directory, "log") };
  const file = await buildProgram(`
    import { appendFileSync } from "node:fs";
    import { close, configure, recover, start, taskContext } from "perdure";
    configure({ pollInterval: "50ms", lease: "1s" });
    async function parse(file: string) {
      "use task: retries=1, backoff=constant(10ms)";
      appendFileSync(process.env.LOG!, file + " " + taskContext().attempt + "\\n");
      await new Promise((done) => setTimeout(done, 50));
      if (file === "huge") process.kill(process.pid, "SIGKILL");
      await new Promise((done) => setTimeout(done, 100));
      return file;
    }
    export async function ingest(file: string) {
      "use workflow: id=ingest-{file}";
      return await parse(file);
    }
    const runs = process.env.FIRST ? await Promise.all(["small", "huge"].map((file) => start(ingest, [file]))) : await recover();
    for (const run of runs) console.log(run.id, await run.result().catch((error: Error) => error.name));
    await close();
  `);
  await run(file, { ...env, FIRST: "1" }).exits("SIGKILL");
  let said = "";
  for (let life = 0; life < 5 && !said.includes("ingest-huge"); life++) {
    const program = run(file, env);
    await program.ended;
    said += program.output;
  }
  expect(said).toContain("ingest-small small");
  expect(said).toContain("ingest-huge ProcessDiedError");
  expect(lines(env.LOG).filter((line) => line.startsWith("huge"))).toEqual(["huge 1", "huge 1", "huge 2"]);
});

test("after kill -9 in the middle of a task, the next process resumes the run and repeats that task alone", async () => {
  const directory = temporaryDirectory();
  const held = join(directory, "held");
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}`, LOG: join(directory, "log"), HELD: held };
  const file = await buildProgram(counting);
  writeFileSync(held, "");
  for (const task of ["2", "5", "8"]) {
    const program = run(file, { ...env, HOLD: task });
    await program.printed(`at ${task}`);
    program.process.kill("SIGKILL");
    expect(await program.ended).toBe("SIGKILL");
  }
  expect(await run(file, env).exits(0)).toContain("sum 45");
  expect(lines(env.LOG).join(" ")).toBe("0 1 2 2 3 4 5 5 6 7 8 8 9");
});

test("a program resumes only the runs of its own workflows in a shared store", async () => {
  const directory = temporaryDirectory();
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}` };
  const program = (name: string): Promise<string> =>
    buildProgram(
      `
      import { recover, start, close } from "perdure";
      async function work() {
        "use task: retries=0";
        if (process.env.BEGIN) await new Promise(() => setInterval(() => {}, 1_000));
        return "${name} done";
      }
      async function ${name}() {
        "use workflow: id=${name}";
        return await work();
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
  expect(await run(beta, env).exits(0)).toContain("recovered beta\nbeta done\n");
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
