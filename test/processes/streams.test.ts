/** Streams whose writers are killed, and whose readers are other processes. */
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { buildProgram, run } from "../programs.ts";
import { temporaryDirectory } from "../directories.ts";
import { testConcurrently } from "./concurrently.ts";

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
