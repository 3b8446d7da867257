import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recover, type RuntimeOptions } from "perdure";
import { advance } from "perdure/testing";
import { Renames } from "../../packages/runtime/src/renames/renames.ts";
import { temporaryDirectory } from "../directories.ts";
import { buildProgram, run } from "../programs.ts";
import { codeOf, Lives, log, renameIn, type Sources } from "./lives.ts";

const old: Sources = {
  "flow.js": `import { sleep } from "perdure";
import { bill, pack, ship } from "./tasks.js";
import { price } from "./price.js";

export async function flow() {
  "use workflow: id=run";
  const done = [];
  done.push(await ship(1));
  done.push(await bill(price(2)));
  for (const n of [3, 4]) done.push(await pack(n));
  await sleep("1h");
  done.push(await ship(5));
  return done.join();
}
`,
  "tasks.js": `export async function bill(x) { "use task: retries=0"; globalThis.log.push("bill " + x); return "b" + x; }
export async function pack(x) { "use task: retries=0"; globalThis.log.push("pack " + x); return "p" + x; }
export async function ship(x) { "use task: retries=0"; globalThis.log.push("ship " + x); return "s" + x; }
`,
  "price.js": `export const price = (x) => x;\n`,
};
/** The recorded tasks of the sleeping run at the time of the edit. */
const before = ["ship 1", "bill 2", "pack 3", "pack 4"];
const whole = "s1,b2,p3,p4,s5";

type Edit = (sources: Sources) => Sources;

const replaceIn =
  (file: string) =>
  (from: string | RegExp, to: string): Edit =>
  (sources) => {
    const text = sources[file] ?? "";
    expect(text).toMatch(from);
    return { ...sources, [file]: text.replaceAll(typeof from === "string" ? from : new RegExp(from, "g"), to) };
  };
const flow = replaceIn("flow.js");
const tasks = replaceIn("tasks.js");
const all =
  (...edits: readonly Edit[]): Edit =>
  (sources) =>
    edits.reduce((edited, edit) => edit(edited), sources);
const moved =
  (from: string, to: string): Edit =>
  ({ [from]: text = "", ...sources }) => ({ [to]: text, ...sources });

/** Adds a new task, for the edits that call one. */
const note = all(
  flow("{ bill,", "{ note, bill,"),
  tasks(
    /^/,
    `export async function note(x) { "use task: retries=0"; globalThis.log.push("note " + x); return "n" + x; }\n`,
  ),
);
const charge = all(
  flow(/\bbill\b/, "charge"),
  tasks("function bill", "function charge"),
  tasks('"bill "', '"charge "'),
);
const keepsName = tasks(
  '"use task: retries=0"; globalThis.log.push("charge',
  '"use task: name=bill, retries=0"; globalThis.log.push("charge',
);
const helper = all(
  flow("export async", "async function handle(n) {\n  return pack(n);\n}\n\nexport async"),
  flow("await pack(n)", "await handle(n)"),
);
const mapped = flow(
  "for (const n of [3, 4]) done.push(await pack(n));",
  "done.push(...await Promise.all([3, 4].map(async (n) => pack(n))));",
);
const place = flow("function flow", "function place");
const other: Edit = (sources) => ({
  ...sources,
  "main.js": `export * from "./new.js";\nexport { flow as other } from "./other.js";`,
  "other.js": `export async function flow() { "use workflow"; }`,
});
const first =
  (file: string): Edit =>
  ({ [file]: text = "", ...sources }) => ({ [file]: text, ...sources });

interface Row {
  readonly edit: Edit;
  readonly options?: Pick<RuntimeOptions, "renames" | "lostSteps">;
  /** The result, the code of the error that blocks the run, or undefined if no program resumes the run. */
  readonly outcome: string | undefined;
  /** The tasks executed after the edit. */
  readonly log?: readonly string[];
  readonly reports?: readonly string[];
  /** The result with the renames that the message suggests. */
  readonly corrected?: string;
}

const rows: Record<string, Row> = {
  "comments, formatting, types": {
    edit: all(flow("  done.push", "\n    // as before\n    done . push"), tasks("(x)", "( x, )")),
    outcome: whole,
  },
  "a step with a new name, after the wait": {
    edit: all(note, flow("  return", "  done.push(await note(6));\n  return")),
    outcome: `${whole},n6`,
    log: ["ship 5", "note 6"],
  },
  "a step with a new name, before recorded steps": {
    edit: all(note, flow("  done.push(await ship(1))", "  done.push(await note(0));\n  done.push(await ship(1))")),
    outcome: `n0,${whole}`,
    log: ["note 0", "ship 5"],
  },
  "a step with a new name, in a finished loop": {
    edit: all(note, flow("done.push(await pack(n))", "done.push(await note(n), await pack(n))")),
    outcome: "s1,b2,n3,p3,n4,p4,s5",
    log: ["note 3", "note 4", "ship 5"],
  },
  "another call of a recorded name, after its calls": {
    edit: flow("  await sleep", "  done.push(await ship(9));\n  await sleep"),
    outcome: "s1,b2,p3,p4,s9,s5",
    log: ["ship 9", "ship 5"],
  },
  "another call of a recorded name, before its calls": {
    edit: flow("  done.push(await ship(1))", "  done.push(await ship(0));\n  done.push(await ship(1))"),
    outcome: "s1,s1,b2,p3,p4,s5",
    log: ["ship 1", "ship 5"],
    reports: ["INPUT_CHANGED"],
  },
  "another call of a recorded name, before its calls, with a key": {
    edit: all(
      flow("{ sleep }", "{ keyed, sleep }"),
      flow(
        "  done.push(await ship(1))",
        '  done.push(await keyed("first", () => ship(0)));\n  done.push(await ship(1))',
      ),
    ),
    outcome: `s0,${whole}`,
    log: ["ship 0", "ship 5"],
  },
  "a recorded step removed": { edit: flow("  done.push(await bill(price(2)));\n", ""), outcome: "STEPS_LOST", log: [] },
  "a recorded step removed, and the loss accepted": {
    edit: flow("  done.push(await bill(price(2)));\n", ""),
    options: { lostSteps: "report" },
    outcome: "s1,p3,p4,s5",
    reports: ["STEPS_LOST"],
  },
  "an unrecorded step removed": {
    edit: flow("  done.push(await ship(5));\n", ""),
    outcome: "s1,b2,p3,p4",
    log: [],
  },
  "the input of a recorded step changed": {
    edit: flow("ship(1)", "ship(7)"),
    outcome: whole,
    reports: ["INPUT_CHANGED"],
  },
  "two recorded steps in another order": {
    edit: all(
      flow("  done.push(await ship(1));\n", ""),
      flow("bill(price(2)));\n", "bill(price(2)));\n  done.push(await ship(1));\n"),
    ),
    outcome: "b2,s1,p3,p4,s5",
  },
  "a recorded step moved after an unrecorded one": {
    edit: all(
      note,
      flow("  done.push(await bill(price(2)));\n", "  done.push(await note(6));\n  done.push(await bill(price(2)));\n"),
    ),
    outcome: "s1,n6,b2,p3,p4,s5",
    log: ["note 6", "ship 5"],
  },
  "a step renamed": { edit: charge, outcome: "STEPS_LOST", log: [], corrected: whole },
  "a step renamed, and declared": { edit: charge, options: { renames: { bill: "charge" } }, outcome: whole },
  "a step renamed, with its recorded name in `name=`": { edit: all(charge, keepsName), outcome: whole },
  "a step that became a workflow": {
    edit: tasks('function bill(x) { "use task: retries=0"', 'function bill(x) { "use workflow"'),
    outcome: "STEP_KIND_DIFFERS",
    log: [],
  },
  "a call moved into a helper": { edit: helper, outcome: "STEP_MOVED", log: [], corrected: whole },
  "a call moved into a helper, and declared": {
    edit: helper,
    options: { renames: { "for/pack[0]": "for/handle[0]/pack[0]" } },
    outcome: whole,
  },
  "a loop turned into map": { edit: mapped, outcome: "STEP_MOVED", log: [], corrected: whole },
  "a loop turned into map, and declared": { edit: mapped, options: { renames: { for: "map" } }, outcome: whole },
  "a task moved to another file": {
    edit: all(moved("tasks.js", "deep/tasks.js"), flow("./tasks.js", "./deep/tasks.js"), first("flow.js")),
    outcome: whole,
  },
  "the workflow moved to another file": { edit: moved("flow.js", "new.js"), outcome: whole },
  "the workflow moved to another file, and a third file has a workflow of that name": {
    edit: all(moved("flow.js", "new.js"), other, first("main.js")),
    outcome: undefined,
  },
  "the workflow moved to another file, a third file has a workflow of that name, and the move is declared": {
    edit: all(moved("flow.js", "new.js"), other, first("main.js")),
    options: { renames: { "flow.js#flow": "new.js#flow" } },
    outcome: whole,
  },
  "the workflow renamed": { edit: place, outcome: undefined },
  "the workflow renamed, and declared": { edit: place, options: { renames: { flow: "place" } }, outcome: whole },
  "the workflow renamed, with its recorded name in `name=`": {
    edit: all(place, flow('"use workflow: id=run"', '"use workflow: id=run, name=flow"')),
    outcome: whole,
  },
  "the retries, backoff or timeout of a task changed": {
    edit: tasks(/retries=0/, "retries=9, backoff=constant(1s)"),
    outcome: whole,
  },
  "the duration of a wait that has started changed": {
    edit: flow('"1h"', '"9h"'),
    outcome: whole,
    reports: ["INPUT_CHANGED"],
  },
  "a plain function changed that computes the input of a recorded step": {
    edit: replaceIn("price.js")("=> x", "=> x * 2"),
    outcome: whole,
    reports: ["INPUT_CHANGED"],
  },
  "a plain function changed whose result leads away from a recorded step": {
    edit: all(
      flow("  done.push(await bill(price(2)))", "  if (price(2) === 2) done.push(await bill(price(2)))"),
      replaceIn("price.js")("=> x", "=> x * 2"),
    ),
    outcome: "STEPS_LOST",
  },
};

const page = readFileSync(join(import.meta.dirname, "../../docs/code-changes.md"), "utf8");
const table = [...page.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)]
  .slice(1)
  .map(([, edit = "", happens = "", advice = ""]) => ({ edit: edit.trim(), happens, advice }));

test("the table in docs/code-changes.md lists these edits with the codes that block the run or are reported", () => {
  expect(table.map(({ edit }) => edit)).toEqual(Object.keys(rows));
  for (const [place, { outcome, reports = [] }] of Object.values(rows).entries()) {
    const codes = [...new Set([...(outcome !== undefined && /^[A-Z_]+$/.test(outcome) ? [outcome] : []), ...reports])];
    expect([...(table[place]?.happens.matchAll(/`([A-Z_]+)`/g) ?? [])].map(([, code]) => code)).toEqual(codes);
  }
});

test("the example of renames in docs/code-changes.md is valid", () => {
  const [, example = ""] = /^```ts\n([^]*?)^```$/m.exec(page) ?? [];
  let given: Readonly<Record<string, string>> = {};
  new Function("configure", example)((options: { readonly renames: typeof given }) => (given = options.renames));
  expect(Object.keys(given)).toHaveLength(5);
  expect(new Renames(given).idsOf("for[7]/pack[0]")).toEqual(["for[7]/handle[0]/pack[0]"]);
});

/** A manifest says which calls there are, and not what a function returns. */
function toldBefore(name: string, outcome: string): object {
  const continues = expect.stringMatching(/^(?:same|continues)$/) as string;
  if (name.startsWith("a plain function changed")) return { outcome: continues };
  return /^[A-Z_]+$/.test(outcome) ? { outcome: "stops", code: outcome } : { outcome: continues };
}

test.each(Object.entries(rows))(
  "a suspended run is handled as documented after this edit: %s",
  async (name, { edit, options = {}, outcome, log: expectedLog = ["ship 5"], reports = [], corrected }) => {
    const edited = edit(old);
    const lives = new Lives();
    await lives.start(old);
    await advance("5m");
    expect(await lives.store.getRun("run")).toMatchObject({ status: "waiting" });
    expect(log()).toEqual(before);
    if (outcome === undefined) {
      await lives.begin(edited, options);
      expect(await lives.verdict(options)).toMatchObject({ outcome: "not resumed" });
      expect(await recover()).toEqual([]);
      await advance("12h");
      expect(await lives.store.getRun("run")).toMatchObject({ status: "waiting" });
      return;
    }
    await lives.begin(edited, options);
    expect(await lives.verdict(options)).toMatchObject(toldBefore(name, outcome));
    const found = await lives.finish();
    expect(codeOf(found)).toBe(outcome);
    expect(log().slice(before.length)).toEqual(expectedLog);
    expect([...new Set(lives.reports)]).toEqual(reports);
    if (corrected !== undefined) {
      expect(await lives.resume(edited, renameIn(found))).toBe(corrected);
      expect(log()).toEqual([...before, ...expectedLog, ...log().slice(before.length + expectedLog.length)]);
      expect(
        log().filter((line, place, lines) => lines.indexOf(line) < place),
        "no task is executed twice",
      ).toEqual([]);
    }
  },
);

/** Starts the run, or resumes it with the renames of `$RENAMES`. */
const program = `
  import { appendFileSync } from "node:fs";
  import { configure, recover, start } from "perdure";
  import * as workflows from "./flow.js";
  Object.assign(globalThis, { log: { push: (line: string) => appendFileSync(process.env.LOG!, line + "\\n") } });
  configure({ renames: JSON.parse(process.env.RENAMES ?? "{}"), onStep: (event) => void (event === "waiting" && console.log("it sleeps")) });
  const [flow] = Object.values<() => Promise<unknown>>(workflows);
  if (process.env.RENAMES === undefined) await start(flow!, []);
  else for (const run of await recover()) console.log("outcome:", await run.result().catch(String));
`;

const lines = (file: string): string[] => readFileSync(file, "utf8").trim().split("\n");

test.each([
  "comments, formatting, types",
  "a step renamed",
  "a call moved into a helper",
  "the workflow renamed, and declared",
  "a step renamed, with its recorded name in `name=`",
  "the workflow renamed, with its recorded name in `name=`",
  "a task moved to another file",
])("a rebuilt program resumes a killed run as documented after this edit: %s", async (name) => {
  const { edit, options = {}, outcome = "" } = rows[name] ?? {};
  const directory = temporaryDirectory();
  const env = { PERDURE_STORE: `sqlite:${join(directory, "p.db")}`, LOG: join(directory, "log") };
  const sources = (files: Sources): Sources =>
    Object.fromEntries(Object.entries(files).map(([file, text]) => [file, text.replace('"1h"', '"700ms"')]));
  const begun = run(await buildProgram(program, "main", sources(old)), env);
  await begun.printed("it sleeps");
  begun.process.kill("SIGKILL");
  expect(await begun.ended).toBe("SIGKILL");
  const rebuilt = await buildProgram(program, "main", sources(edit?.(old) ?? old));
  const next = async (renames: Readonly<Record<string, string>>): Promise<string> =>
    run(rebuilt, { ...env, RENAMES: JSON.stringify(renames) }).exits(0);
  let output = await next(options.renames ?? {});
  expect(output).toContain(outcome);
  if (outcome !== whole) output = await next(renameIn(output).renames);
  expect(output).toContain(`outcome: ${whole}`);
  expect(lines(env.LOG)).toEqual([...before, "ship 5"]);
});
