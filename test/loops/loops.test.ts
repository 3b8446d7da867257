/** Agents of other libraries: `"use task"` around their calls of a model, killed while the model works. */
import { cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import perdure from "unplugin-perdure/esbuild";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { generatedDirectory } from "../directories.ts";
import { nodeOf, projectOf } from "../nodes.ts";
import { RunningProgram } from "../running-program.ts";
import { ANSWER, CALLS, CITIES, ModelServer } from "./model-server.ts";

const packages = {
  openai: "6.49.0",
  "@anthropic-ai/sdk": "1.14.0",
  "@langchain/core": "1.4.0",
  "@langchain/langgraph": "1.7.3",
  "@mastra/core": "1.71.0",
  zod: "4.6.7",
  "better-sqlite3": "13.2.0",
};

let installed: string;
let node: string;
beforeAll(async () => {
  node = await nodeOf(24); // Mastra needs a newer one than Node 20
  installed = join(await projectOf("loops", packages), "node_modules");
}, 300_000);

/** Compiles one of the programs, and returns what runs it in a process of its own, over and over on the same store. */
async function agentOf(name: string, model: ModelServer): Promise<{ run(): RunningProgram; effects(): string[] }> {
  const directory = generatedDirectory("loops");
  cpSync(join(import.meta.dirname, "programs"), directory, { recursive: true });
  symlinkSync(installed, join(directory, "node_modules"), "junction");
  const file = join(directory, `${name}.mjs`);
  await build({
    entryPoints: [join(directory, `${name}.ts`)],
    outfile: file,
    bundle: true,
    external: Object.keys(packages),
    format: "esm",
    platform: "node",
    plugins: [perdure({ root: directory })],
  });
  const EFFECTS = join(directory, "effects.log");
  const env = {
    ...process.env,
    EFFECTS,
    MODEL_URL: model.url,
    PERDURE_STORE: `sqlite:${join(directory, "perdure.db")}`,
    MASTRA_TELEMETRY_DISABLED: "1",
  };
  return {
    run: () => new RunningProgram(node, [file], { env, cwd: directory }),
    effects: () => (existsSync(EFFECTS) ? readFileSync(EFFECTS, "utf8").trim().split("\n").sort() : []),
  };
}

/** Kills the program when the model is asked for this turn for the first time, and runs it again until it has ended. */
async function killedAt(turn: number, name: string): Promise<{ asked: number[]; effects: string[]; output: string }> {
  const model = await ModelServer.start();
  onTestFinished(() => model.close());
  const agent = await agentOf(name, model);
  let running = agent.run();
  model.onRequest = (asked) => {
    if (asked !== turn || model.asked.get(turn) !== 1) return true;
    running.process.kill("SIGKILL");
    return false;
  };
  if (turn < CALLS) {
    await running.exits("SIGKILL");
    running = agent.run();
  }
  const output = await running.exits(0);
  const asked = Array.from({ length: CALLS }, (_, each) => model.asked.get(each) ?? 0);
  return { asked, effects: agent.effects(), output };
}

const once = [...CITIES].sort();

/** In the middle. `PERDURE_LOOPS=long`: at each call, and not at all. */
const turns = process.env["PERDURE_LOOPS"] === "long" ? Array.from({ length: CALLS + 1 }, (_, turn) => turn) : [1];

describe.each(["openai", "anthropic", "langgraph"])("an agent with %s whose model calls are tasks", (name) => {
  test.each(turns)(
    "is killed at model call %i: it asks for that call again and for no other, and each tool runs once",
    async (turn) => {
      const { asked, effects, output } = await killedAt(turn, name);
      expect(output).toContain(`answer: ${ANSWER}`);
      expect(asked).toEqual(Array.from({ length: CALLS }, (_, each) => (each === turn ? 2 : 1)));
      expect(effects).toEqual(once);
    },
  );
});

describe("an agent with Mastra whose whole loop is a task", () => {
  test.each(turns)("is killed at model call %i: the loop begins anew, and each tool runs once", async (turn) => {
    const { asked, effects, output } = await killedAt(turn, "mastra");
    expect(output).toContain(`answer: ${ANSWER}`);
    expect(asked).toEqual(Array.from({ length: CALLS }, (_, each) => (each <= turn && turn < CALLS ? 2 : 1)));
    expect(effects).toEqual(once);
  });
});
