/**
 * The examples of playground/examples and programs of the pages, on a server of Restate: their processes are killed, and what they do is compared
 * with what they do on SQLite. `PERDURE_RESTATE=long` kills each after every single effect, and the server under all of them.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Program as Example } from "../../../playground/examples/test/program.ts";
import { restate } from "perdure-restate";
import { fileOf } from "../../readme.ts";
import { Cluster, type Program } from "../cluster.ts";
import { restateBinary } from "../server.ts";
import { mains, pages, refusals } from "./mains.ts";
import { withoutMain } from "./without-main.ts";
import { World, type Plan } from "./world.ts";

const root = resolve(import.meta.dirname, "../../..");
const isLong = process.env["PERDURE_RESTATE"] === "long";

const names = [...Object.keys(mains), "rate-limited-mailer", "per-customer", ...Object.keys(refusals)];
const textOf = (name: string): string => readFileSync(join(root, `playground/examples/src/${name}.ts`), "utf8");
const pageName = (page: string): string => basename(page, ".md");

/** What differs by purpose: keys begin with the workflow, times pass, and there are no lists of runs. */
const normal = (line: string): string =>
  line
    .replace("key processOrder:", "key ")
    .replace(/^\d+ ms: /, "")
    .replace(/, one of 1$/, "");

/** What an example prints on SQLite. */
async function onSqlite(name: string): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), "perdure-example-"));
  try {
    const program = new Example(name, `sqlite:${join(directory, "perdure.db")}`, { PORT: "0" });
    return name === "approval-server" ? await approve(program) : await program.output();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function approve(program: Example): Promise<string[]> {
  const url = `http://localhost:${(await program.line(/^listening/)).replace(/\D+/, "")}/orders`;
  const ask = async (path: string, body?: unknown): Promise<unknown> =>
    (await fetch(url + path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) })).json();
  const { run } = (await ask("", { id: "17", total: 12_500 })) as { run: string };
  const { delivered } = (await ask("/17/approve", { approved: true, by: "Ada" })) as { delivered: boolean };
  await program.line(/^fulfilling/);
  await expect.poll(() => ask("/17")).toBe("completed");
  await program.kill("SIGTERM");
  const lines = program.lines.filter((line) => !line.startsWith("listening"));
  return [...lines, `run: ${run}`, `delivered: ${delivered}`, "completed"];
}

let cluster: Cluster;
let project: string;
/** The names of what the examples export. */
const workflowsOf = new Map<string, string[]>();
const counted = { runs: 0, deaths: 0, serverDeaths: 0, repeats: 0 };

/** An example that is served. */
interface Served {
  readonly program: Program;
  /** Its compiled module. */
  readonly module: string;
  /** What its main program is known by. */
  readonly main: string;
  readonly workflows: readonly string[];
}

/** What an example has printed and done. */
interface Life {
  readonly printed: readonly string[];
  readonly said: readonly string[];
  /** What workflows have printed, in each replay. */
  readonly logged: readonly string[];
  readonly starts: readonly string[];
  readonly deaths: number;
}

async function runMain(variables: Readonly<Record<string, string>>): Promise<string[]> {
  const env = { ...process.env, ...variables, NODE_OPTIONS: "" };
  const { stdout } = await promisify(execFile)(cluster.node, [join(project, "main.mjs")], { env, cwd: root });
  return stdout.trimEnd().split("\n");
}

/** Runs the main program of an example once. */
async function lifeOf({ program, module, main, workflows }: Served, plan: Plan): Promise<Life> {
  const world = new World(program.effects);
  const before = program.starts;
  world.begin(plan);
  const others = { EXAMPLE: module, MAIN: main, PERDURE_EFFECTS: program.effects, RESTATE_URL: cluster.server.url };
  const printed = await runMain(others);
  const of = (kind: string): string[] => world.effects.flatMap((each) => (each.kind === kind ? [each.line] : []));
  // the next run has the same ids
  await cluster.forget(workflows);
  const deaths = program.starts - before;
  counted.runs++;
  counted.deaths += deaths;
  return { printed, said: of("said").map(normal), logged: of("logged"), starts: of("started"), deaths };
}

const unique = (lines: readonly string[]): string[] => [...new Set(lines)].toSorted();
const none: Plan = { kind: "said", kills: [] };

/**
 * The deaths of each run: in the short form after every third effect of one run, whose tasks are repeated meanwhile; in the long form every
 * effect of each kind in a run of its own as well.
 */
function plansOf({ said, starts }: Life): Plan[] {
  const kinds: [Plan["kind"], number][] = [
    ["said", said.length],
    ["started", starts.length],
  ];
  const places = (count: number): number[] => Array.from({ length: count }, (_, place) => place + 1);
  const [kind, count] = kinds.find(([, each]) => each > 0) ?? ["said", 0];
  const often: Plan = { kind, kills: places(2 * count).filter((place) => place % 3 === 1) };
  if (!isLong) return [often];
  return [
    often,
    ...kinds.flatMap(([each, most]) => places(most).map((place): Plan => ({ kind: each, kills: [place] }))),
  ];
}

async function serveExample(name: string, main = name): Promise<Served> {
  const module = join(project, `${name}.mjs`);
  const program = await cluster.serve(join(project, "serve.mjs"), name, undefined, {
    EXAMPLE: module,
    EFFECTS: join(project, `${name}.log`), // of the program in docs/frameworks
  });
  return { program, module, main, workflows: workflowsOf.get(name) ?? [] };
}

/**
 * Compares a run whose process died with one that nobody disturbed.
 * @param width - how many of its tasks are in flight at most
 */
function expectSame(life: Life, calm: Life, deaths: number, width: number): void {
  const about = JSON.stringify({ life, calm, deaths });
  expect(life.printed, about).toEqual(calm.printed);
  expect(unique(life.said), about).toEqual(unique(calm.said));
  expect(unique(life.logged), about).toEqual(unique(calm.logged));
  expect(unique(life.starts), about).toEqual(unique(calm.starts));
  // only what was in flight is done again
  const repeats = life.starts.length - calm.starts.length;
  expect(repeats, about).toBeLessThanOrEqual(deaths * width);
  counted.repeats += repeats;
}

/** Kills the process of an example after its effects. Without deaths it does what is expected. */
async function check(name: string, main: string, width: number, expected: readonly string[]): Promise<void> {
  const served = await serveExample(name, main);
  const calm = await lifeOf(served, none);
  expect(unique([...calm.said, ...calm.logged, ...calm.printed])).toEqual(unique(expected));
  for (const plan of plansOf(calm)) {
    const life = await lifeOf(served, plan);
    expect(life.deaths, JSON.stringify({ plan, life })).toBeGreaterThan(0);
    expectSame(life, calm, life.deaths, width);
  }
  await served.program.stop();
}

/** The same, while the server dies as well. */
async function checkServer(name: string, width: number): Promise<void> {
  const served = await serveExample(name);
  const calm = await lifeOf(served, none);
  let isOver = false;
  let serverDeaths = 0;
  const ends = lifeOf(served, { kind: "started", kills: [2] }).finally(() => (isOver = true));
  for (; serverDeaths < 3 && !isOver; serverDeaths++) {
    await setTimeout(300);
    await cluster.server.kill();
    await cluster.server.start();
  }
  const life = await ends;
  expect(serverDeaths).toBeGreaterThan(0);
  counted.serverDeaths += serverDeaths;
  expectSame(life, calm, life.deaths + serverDeaths, width);
  await served.program.stop();
}

describe.skipIf(restateBinary() === undefined)(
  "the examples on Restate (skipped where npm has no server for the platform)",
  () => {
    beforeAll(async () => {
      cluster = await Cluster.start();
      const files: Record<string, string> = {};
      const entries: string[] = [];
      const add = (name: string, file: string, text: string): void => {
        files[file] = text;
        files[`${name}.ts`] = `export * as example from "./${file}";\n`;
        entries.push(`${name}.ts`);
        workflowsOf.set(
          name,
          Array.from(text.matchAll(/^export async function (\w+)/gm), ([, workflow = ""]) => workflow),
        );
      };
      for (const name of names) {
        const file = `playground/examples/src/${name}.ts`;
        add(name, file, withoutMain(file, textOf(name)));
      }
      for (const { page, file } of pages)
        add(pageName(page), `${pageName(page)}/${basename(file)}`, fileOf(page, file));
      for (const file of ["serve.ts", "main.ts", "mains.ts", "world.ts"])
        files[`test/${file}`] = readFileSync(join(import.meta.dirname, file), "utf8");
      project = await cluster.build("examples", files, [...entries, "test/serve.ts", "test/main.ts"]);
    });
    afterAll(async () => {
      await cluster.remove();
      if (isLong)
        console.log(
          `examples on Restate: ${counted.runs} runs, ${counted.deaths} deaths of programs, ${counted.serverDeaths} of servers, ${counted.repeats} attempts repeated`,
        );
    });

    const options = { timeout: 600_000 };
    const inParallel = Object.keys(mains).filter((name) => name !== "approval-server");
    const checkExample = async (name: string): Promise<void> =>
      check(name, name, mains[name]?.width ?? 1, (await onSqlite(name)).map(normal));

    describe.concurrent("an example that dies after each of its effects does what it does on SQLite", () => {
      test.each(inParallel)("%s", options, checkExample);
    });
    test("approval-server", options, () => checkExample("approval-server"));

    test.each(pages)("the program of $page", options, ({ page, printed }) => check(pageName(page), page, 2, [printed]));

    test("a server that dies while an example runs loses nothing", options, async () => {
      for (const name of isLong ? Object.keys(mains) : ["crm-sync"]) await checkServer(name, mains[name]?.width ?? 1);
    });

    test("every example is run here, or refused", () => {
      const files = readdirSync(join(root, "playground/examples/src")).map((file) => basename(file, ".ts"));
      expect(files.toSorted()).toEqual(names.toSorted());
    });

    test.each(Object.entries(refusals))("the example %s is refused", async (name, { error }) => {
      const [printed] = await runMain({
        MAIN: name,
        EXAMPLE: join(project, `${name}.mjs`),
        RESTATE_URL: cluster.server.url,
      });
      expect(printed).toMatch(error);
    });

    test("the example per-customer is refused: a workflow in a queue cannot be served", async () => {
      await expect(serveExample("per-customer")).rejects.toThrow(
        /a queue is not possible on Restate \(workflow processOrder\)[^]*\(RESTATE_UNSUPPORTED\)/,
      );
    });

    test("the example rate-limited-mailer is refused: a task in a queue stops the run", async () => {
      const { program } = await serveExample("rate-limited-mailer");
      new World(program.effects).begin(none);
      await fetch(`${cluster.server.url}/newsletter/n/run/send`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(["2024-01", ["a@example.com"]]),
      });
      const failure = async (): Promise<string> => {
        const sql = "select last_failure from sys_invocation where target_service_name = 'newsletter'";
        return String((await cluster.query(sql))[0]?.["last_failure"]);
      };
      await expect.poll(failure).toContain("a queue for the task send is not possible on Restate");
      expect(new World(program.effects).effects).toEqual([]);
      await restate(cluster.server.url).run("newsletter", "n").cancel();
      await program.stop();
    });
  },
);
