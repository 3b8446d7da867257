/** Streams whose writers are killed, and whose readers are other processes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { StreamEntry } from "perdure";
import { expect } from "vitest";
import { valid } from "../streams/kit.ts";
import { buildProgram, run } from "../programs.ts";
import { temporaryDirectory } from "../directories.ts";
import { testConcurrently } from "./concurrently.ts";
import { isolated } from "./unshare.ts";

const TOKENS = 400;

const source = `
  import { setTimeout } from "node:timers/promises";
  import { close, configure, getRun, start, writable } from "perdure";
  configure({ pollInterval: "100ms", streams: { streamBytes: 1e9 } });
  const { ROLE, COUNT = "${TOKENS}", SIZE = "0" } = process.env;
  async function speak(part: number) {
    "use task: retries=50, backoff=constant(10ms)";
    const writer = writable<string>("tokens").getWriter();
    for (let token = 0; token < Number(COUNT); token++) {
      await writer.write(process.pid + " " + part + " " + token + "x".repeat(Number(SIZE)));
      if (Number(SIZE) === 0) await setTimeout(1);
      if (token === 50) console.log("wrote some of", part);
    }
    writer.releaseLock();
  }
  export async function talk() {
    "use workflow: id=talk";
    const writer = writable<string>("tokens").getWriter();
    for (let part = 0; part < 3; part++) {
      await writer.write("part " + part);
      await speak(part);
    }
    await writer.close();
  }
  if (ROLE === "writer") {
    await (await start(talk, [])).result();
    console.log("done, heap", Math.round(process.memoryUsage().heapUsed / 1e6));
    await close();
  } else {
    let run;
    while (!run) run = await getRun("talk").catch(() => setTimeout(20));
    // cut off after some entries, again and again
    let tokens: { index: number; part: string; value: string }[] = [];
    let heard = 0;
    for (let next = 0, isOver = false, cut = 1; !isOver; cut = (cut * 7) % 97) {
      const reader = run.readable<string>("tokens", { from: next }).entries().getReader();
      for (let left = SIZE === "0" ? cut : Infinity; left > 0; left--) {
        const { done, value } = await reader.read();
        if (done) { isOver = true; break; }
        next = value.index + 1;
        heard++;
        if (value.type === "chunk" && SIZE === "0") tokens.push({ ...value, value: value.value });
        if (value.type === "reset") {
          console.log("reset");
          tokens = tokens.filter((each) => each.part !== value.part || each.index < value.from);
        }
      }
      await reader.cancel();
    }
    console.log("heard", heard, "=" + JSON.stringify(tokens.map(({ value }) => value)) + "=");
    await close();
  }
`;

testConcurrently(
  "a reader in another process, cut off at any index, gets each token once while the writer is killed in the middle of it",
  { timeout: 60_000 },
  async () => {
    const file = await buildProgram(source, "streams");
    const env = { PERDURE_STORE: `sqlite:${temporaryDirectory()}/streams.db` };
    const reader = run(file, { ...env, ROLE: "reader" });
    for (let part = 0; part < 2; part++) {
      const writer = run(file, { ...env, ROLE: "writer" });
      await writer.printed(`wrote some of ${part}`);
      await pause(60);
      writer.process.kill("SIGKILL");
      await writer.ended;
    }
    const last = run(file, { ...env, ROLE: "writer" });
    await last.exits(0);
    const output = await reader.exits(0);
    const tokens = JSON.parse(/=(\[.*\])=/.exec(output)?.[1] ?? "[]") as string[];
    const parts = [0, 1, 2].flatMap((part) => [
      `part ${part}`,
      ...Array.from({ length: TOKENS }, (_, token) => `${part} ${token}`),
    ]);
    expect(tokens.map((token) => token.replace(/^\d+ (?=\d)/, ""))).toEqual(parts);
    // each part is of one process
    const writers = [0, 1, 2].map(
      (part) =>
        new Set(tokens.filter((token) => new RegExp(`^\\d+ ${part} `).test(token)).map((token) => token.split(" ")[0])),
    );
    expect(writers.map(({ size }) => size)).toEqual([1, 1, 1]);
    expect(output.match(/reset/g)?.length).toBeGreaterThanOrEqual(2);
  },
);

const stale = `
  import { existsSync } from "node:fs";
  import { setTimeout } from "node:timers/promises";
  import { close, configure, start, writable } from "perdure";
  configure({ lease: "1500ms", pollInterval: "100ms", streams: { flushEvery: "10ms" } });
  const { ROLE, GO = "" } = process.env;
  async function speak() {
    "use task: retries=0";
    const writer = writable<string>("tokens").getWriter();
    try {
      for (let token = 0; token < 40; token++) {
        if (ROLE === "successor" && token === 20) {
          console.log("in the middle");
          while (!existsSync(GO)) await setTimeout(10);
        }
        await writer.write(ROLE + " " + token);
        if (token % 5 === 0) await setTimeout(15);
        if (ROLE === "owner" && token === 23) {
          console.log("stands still"); // some tokens await their commit
          process.kill(process.pid, "SIGSTOP");
        }
      }
      await writer.close();
    } catch (error) {
      console.log("refused:", String(error));
      throw error;
    }
    return ROLE;
  }
  export async function talk() {
    "use workflow: id=talk";
    return speak();
  }
  const run = await start(talk, []);
  const heard = [];
  const reading = (async () => {
    for await (const entry of run.readable("tokens").entries()) heard.push(entry);
    console.log("heard=" + JSON.stringify(heard) + "=");
  })();
  console.log("result", await run.result());
  await reading;
  await close();
`;

testConcurrently(
  "a process that stood still while another one took its run over writes nothing more, its writer gets the reason, and its readers get the reset",
  { timeout: 60_000 },
  async (context) => {
    const elsewhere = isolated("another host name", context);
    const file = await buildProgram(stale, "stale-streams");
    const directory = temporaryDirectory();
    const env = { PERDURE_STORE: `sqlite:${directory}/streams.db`, GO: join(directory, "go") };
    const owner = elsewhere(file, { ...env, ROLE: "owner" });
    await owner.printed("stands still");
    const successor = run(file, { ...env, ROLE: "successor" });
    await successor.printed("in the middle");
    owner.process.kill("SIGCONT");
    await owner.printed("refused:");
    expect(owner.output).toMatch(
      /refused: PerdureError: .*"tokens" .*, (?:but|since) another process (?:owns|executes)/u,
    );
    writeFileSync(env.GO, "");
    await Promise.all([successor, owner].map((program) => program.exits(0)));
    expect(owner.output).toContain("result successor");
    const heard = JSON.parse(/heard=(\[.*\])=/.exec(owner.output)?.[1] ?? "[]") as StreamEntry[];
    const chunks = heard.flatMap((entry) => (entry.type === "chunk" ? [String(entry.value)] : []));
    expect(chunks.filter((chunk) => chunk.startsWith("owner")).length).toBeGreaterThan(10);
    expect(valid(heard)).toEqual(Array.from({ length: 40 }, (_, token) => `successor ${token}`));
  },
);

testConcurrently("a hundred megabytes are written and read in little memory", { timeout: 60_000 }, async () => {
  const file = await buildProgram(source, "long-streams");
  const env = {
    PERDURE_STORE: `sqlite:${temporaryDirectory()}/streams.db`,
    NODE_OPTIONS: "--max-old-space-size=48",
    COUNT: "34000",
    SIZE: "1000",
  };
  const writer = run(file, { ...env, ROLE: "writer" });
  const reader = run(file, { ...env, ROLE: "reader" });
  await writer.exits(0);
  expect(await reader.exits(0)).toContain("heard 102003 ");
});
