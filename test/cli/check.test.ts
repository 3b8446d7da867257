/** `perdure check` between two real builds of playground/etl, with live runs of the first, and what the second then does with them. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import perdurePlugin from "unplugin-perdure/vite";
import { expect, test } from "vitest";
import { build } from "vite";
import { generatedDirectory, temporaryDirectory } from "../directories.ts";
import { run } from "../programs.ts";
import { onTerminal, perdure, storeIn } from "./command.ts";

const etl = resolve(import.meta.dirname, "../../playground/etl");

/** Begins an edition and dies at a step, or resumes all editions and prints what becomes of them. */
const main = `
import { complete, configure, recover, start } from "perdure";
import { digest } from "./pipeline.ts";
const { EDITION, DIE_AT = "", FOLDER = ".", RENAMES = "{}" } = process.env;
let steps = 0;
configure({
  renames: JSON.parse(RENAMES),
  suspendAfter: "1h",
  onStep(event, _run, step) {
    const isThere = event === "waiting" ? step.startsWith(DIE_AT) : event === "executed" && ++steps === Number(DIE_AT);
    if (DIE_AT !== "" && isThere) setTimeout(() => process.kill(process.pid, "SIGKILL"), 50);
  },
});
if (EDITION !== undefined) await start(digest, [EDITION, FOLDER]);
else {
  for (const id of ["digest-early", "digest-late"]) await complete(id, "approval", { by: "Ada" });
  const runs = await recover();
  const ends = await Promise.all(runs.map((each) => each.result().then(() => "completed", (error) => error.code)));
  console.log("ENDS", JSON.stringify(Object.fromEntries(runs.map(({ id }, place) => [id, ends[place]]))));
  process.exit(0);
}
`;

type Edit = Readonly<Record<string, (text: string) => string>>;

/** Builds the edited program. The folder has the program and its manifest. */
async function buildOf(name: string, edit: Edit = {}): Promise<string> {
  const root = generatedDirectory(`etl-${name}`);
  cpSync(join(etl, "src"), join(root, "src"), { recursive: true });
  writeFileSync(join(root, "package.json"), readFileSync(join(etl, "package.json")));
  writeFileSync(join(root, "src/main.ts"), main);
  const edits: Edit = {
    ...edit,
    "pipeline.ts": (text) => (edit["pipeline.ts"] ?? String)(replace(text, "flights, 50", "flights, 1000")),
  };
  for (const [file, change] of Object.entries(edits)) {
    const path = join(root, "src", file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }
  await build({
    root,
    configFile: false,
    logLevel: "error",
    plugins: [perdurePlugin()],
    build: { ssr: "src/main.ts", outDir: "dist", rollupOptions: { output: { entryFileNames: "main.mjs" } } },
  });
  return join(root, "dist");
}

function replace(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`${from} is not in the source`);
  return text.replaceAll(from, to);
}

const changed =
  (...pairs: readonly (readonly [string, string])[]) =>
  (text: string): string =>
    pairs.reduce((edited, [from, to]) => replace(edited, from, to), text);

/** The store of two runs that the first build has begun: one died in its ninth task, the other when it waited for its signal. */
async function liveRuns(): Promise<string> {
  const folder = temporaryDirectory("etl");
  const first = await buildOf("first");
  const begin = (EDITION: string, DIE_AT: string): Promise<string> =>
    run(join(first, "main.mjs"), { ...environment(folder), EDITION, DIE_AT }).exits("SIGKILL");
  await begin("early", "9");
  await begin("late", "signal:approval");
  return folder;
}

const environment = (folder: string): Record<string, string> => ({
  PERDURE_STORE: storeIn(folder),
  FOLDER: folder,
  ETL_JOURNAL: join(folder, "journal.log"),
});

interface Row {
  readonly edit: Edit;
  readonly args?: readonly string[];
  readonly early: string;
  readonly late: string;
}

const both = (verdict: string): Pick<Row, "early" | "late"> => ({ early: verdict, late: verdict });

const rows: Record<string, Row> = {
  "comments only": { edit: { "pipeline.ts": changed(["let tallies", "// sums\n  let tallies"]) }, ...both("same") },
  "a task renamed that both have done": {
    edit: {
      "clean.ts": changed(["function clean", "function cleanUp"]),
      "pipeline.ts": changed(["{ clean }", "{ cleanUp }"], ["await clean(", "await cleanUp("]),
    },
    ...both("stops STEPS_LOST"),
  },
  "the same, and declared": {
    edit: {
      "clean.ts": changed(["function clean", "function cleanUp"]),
      "pipeline.ts": changed(["{ clean }", "{ cleanUp }"], ["await clean(", "await cleanUp("]),
    },
    args: ["--rename", "clean=cleanUp"],
    ...both("continues"),
  },
  "a task renamed that none has done": {
    edit: {
      "chart.ts": changed(["function drawChart", "function plot"]),
      "pipeline.ts": changed(["{ drawChart }", "{ plot }"], ["await drawChart(", "await plot("]),
    },
    ...both("continues"),
  },
  "a task of the branches is gone": {
    edit: { "profile.ts": changed(["await measure(airport.code, departures, airports)", "departures.map(() => 1)"]) },
    early: "continues",
    late: "stops STEPS_LOST",
  },
  "the steps of the loop moved into a helper": {
    edit: {
      "pipeline.ts": changed(
        [
          "    const parsed = await parse(chunk);\n    const cleaned = await clean(parsed);\n",
          "    const cleaned = await prepared(chunk);\n",
        ],
        [
          "/** Makes the report",
          "async function prepared(chunk: Parameters<typeof parse>[0]) {\n  return clean(await parse(chunk));\n}\n\n/** Makes the report",
        ],
      ),
    },
    ...both("stops STEP_MOVED"),
  },
  "the workflow renamed": {
    edit: {
      "pipeline.ts": changed(["function digest(", "function summary("]),
      "main.ts": changed(["{ digest }", "{ summary as digest }"]),
      "job.ts": changed(["{ digest }", "{ summary as digest }"]),
    },
    ...both("not resumed WORKFLOW_NOT_LOADED"),
  },
};

test("check is right about each of two live runs under each new build", async () => {
  const folder = await liveRuns();
  const place = { store: storeIn(folder) };
  const found: Record<string, unknown> = {};
  for (const [name, { edit, args = [] }] of Object.entries(rows)) {
    const next = await buildOf("next", edit);
    const { code, output } = await perdure(["check", next, ...args, "--json"], place);
    const { ok, runs } = JSON.parse(output) as { ok: boolean; runs: { outcome: string; code?: string }[] };
    const [late, early] = runs.map(({ outcome, code: why }) => [outcome, ...(why ? [why] : [])].join(" "));
    found[name] = { early, late, ok, code };
  }
  const isFine = (verdict: string): boolean => verdict === "same" || verdict === "continues";
  const expected = Object.entries(rows).map(([name, { early, late }]) => {
    const ok = isFine(early) && isFine(late);
    return [name, { early, late, ok, code: ok ? 0 : 1 }];
  });
  expect(found).toEqual(Object.fromEntries(expected));

  // the build treats the runs as the command predicted
  const next = await buildOf("real", rows["a task of the branches is gone"]?.edit);
  const told = await onTerminal(["check", next], place);
  expect(told.code).toBe(1);
  expect(told.output).toContain("2 unfinished: 1 continue, 1 would stop");
  expect(told.output).toMatch(
    /stops.* {2}digest-late {2}digest {2}STEPS_LOST\n(?:.*\n)* +map\[\d+\]\/profile\[0\]\/measure\[0\]/u,
  );
  const output = await run(join(next, "main.mjs"), environment(folder)).exits(0);
  const [, ends = ""] = /^ENDS (.*)$/mu.exec(output) ?? [];
  expect(JSON.parse(ends)).toEqual({ "digest-early": "completed", "digest-late": "STEPS_LOST" });
});
