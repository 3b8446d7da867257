/** What the manifest of a build tells of a suspended run, next to what becomes of it. More edits: live-edits.test.ts */
import { expect, test } from "vitest";
import { codeOf, Lives, type Sources } from "./lives.ts";

const sources = (flow: string): Sources => ({
  "flow.js": `import { sleep } from "perdure";\nimport { bill, note, pack, ship } from "./tasks.js";\n\n${flow}`,
  "tasks.js": ["bill", "note", "pack", "ship"]
    .map((name) => `export async function ${name}(x) { "use task: retries=0"; return "${name}" + x; }\n`)
    .join(""),
});

const old = `export async function flow() {
  "use workflow: id=run";
  await ship(1);
  await Promise.all([2].map(async (x) => {
    await pack(x);
  }));
  await sleep("1h");
  return bill(3);
}

export async function other() {
  "use workflow";
  await ship(9);
}
`;

const rows: Record<
  string,
  { readonly edit: (text: string) => string; readonly verdict: object; readonly outcome: string }
> = {
  "a new function in the workflow, called before a recorded step": {
    edit: (text) =>
      text.replace(
        `  await ship(1);`,
        `  const first = async () => {\n    await note(0);\n  };\n  await first();\n  await ship(1);`,
      ),
    verdict: { outcome: "continues" },
    outcome: "bill3",
  },
  "a recorded call moved into a new function behind the workflow": {
    edit: (text) =>
      `${text.replace(`  await ship(1);`, `  await first();`)}\nasync function first() {\n  await ship(1);\n}\n`,
    verdict: { outcome: "stops", code: "STEP_MOVED" },
    outcome: "STEP_MOVED",
  },
  "a recorded call moved into a new function in the workflow": {
    edit: (text) =>
      text.replace(`  await ship(1);`, `  const first = async () => {\n    await ship(1);\n  };\n  await first();`),
    verdict: { outcome: "stops", code: "STEP_MOVED" },
    outcome: "STEP_MOVED",
  },
  "a new closure of several lines before a recorded step: the manifest does not tell where it ends": {
    edit: (text) =>
      text.replace(
        `  await ship(1);`,
        `  await Promise.all([0].filter(Boolean).flatMap(async (x) => {\n    await note(x);\n  }));\n  await ship(1);`,
      ),
    verdict: { outcome: "may stop", code: "STEP_MOVED", steps: [{ id: "ship[0]" }] },
    outcome: "bill3",
  },
  "the call of another workflow removed": {
    edit: (text) => text.replace(`  await ship(9);\n`, ""),
    verdict: { outcome: "continues" },
    outcome: "bill3",
  },
  "a recorded call removed that another workflow has as well": {
    edit: (text) => text.replace(`  await ship(1);\n`, ""),
    verdict: { outcome: "stops", code: "STEPS_LOST", steps: [{ id: "ship[0]", location: "flow.js:6:9" }] },
    outcome: "STEPS_LOST",
  },
  "a wait removed that has begun": {
    edit: (text) => text.replace(`  await sleep("1h");\n`, ""),
    verdict: { outcome: "continues" },
    outcome: "bill3",
  },
};

test.each(Object.entries(rows))("a build tells what becomes of a run: %s", async (_, { edit, verdict, outcome }) => {
  const edited = edit(old);
  expect(edited).not.toBe(old);
  const lives = new Lives();
  await lives.start(sources(old));
  await lives.begin(sources(edited));
  expect(await lives.verdict()).toMatchObject(verdict);
  expect(codeOf(await lives.finish())).toBe(outcome);
});
