import { transform } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import { close, start } from "perdure";
import { setup } from "perdure/testing";
import { loadSources } from "../sources.ts";

const tasks = `
export async function ship(x) { "use task"; return x; }
export async function bill(x) { "use task"; return x; }
export async function note(x) { "use task"; return x; }
`;

const flow = `import { ship, bill, note } from "./tasks.js";

async function handle(order) {
  await bill(order);
  await ship(order);
}

export async function flow(orders) {
  "use workflow: id=flow";
  await bill("first");
  for (const order of orders) {
    await ship(order);
    if (order === 1) await bill(order);
  }
  await Promise.all(orders.map(async (order) => {
    await handle(order);
    await ship(order);
  }));
  await ship("last");
}
`;

async function idsOf(sources: Record<string, string>, after?: Parameters<typeof loadSources>[1]): Promise<string[]> {
  const module = await loadSources(sources, after);
  const { store } = setup();
  onTestFinished(close);
  const run = await start(module["flow"] as unknown as (orders: number[]) => Promise<void>, [[0, 1]]);
  await run.result();
  return (await store.steps("flow")).map(({ id }) => id).sort();
}

const before = [
  "bill[0]",
  "for[0]/ship[0]",
  "for[1]/bill[0]",
  "for[1]/ship[0]",
  "map[0]/handle[0]/bill[0]",
  "map[0]/handle[0]/ship[0]",
  "map[0]/ship[0]",
  "map[1]/handle[0]/bill[0]",
  "map[1]/handle[0]/ship[0]",
  "map[1]/ship[0]",
  "ship[0]",
];

const replace =
  (from: string, to: string) =>
  (source: string): string => {
    expect(source).toContain(from);
    return source.replace(from, to);
  };

/** Edits of the source, with the step ids that they add. */
const edits: Record<
  string,
  {
    readonly edit?: (source: string) => string;
    readonly added?: readonly string[];
    readonly files?: (source: string) => Record<string, string>;
    readonly after?: Parameters<typeof loadSources>[1];
  }
> = {
  "nothing changes": {},
  "a comment is added": { edit: replace("await bill", "// first of all\n  await /* really */ bill") },
  "lines move": { edit: (source) => `\n\n\n${source.replace("import", "/* moved */\n\nimport")}` },
  "the code is reformatted": {
    edit: (source) => source.replaceAll(/\n\s*/g, "\n\t\t").replaceAll("(order)", "(\n order ,\n)"),
  },
  "the file moves": {
    files: (source) => ({ "deep/er/orders.js": source.replace("./tasks.js", "../../tasks.js"), "tasks.js": tasks }),
  },
  "a task moves to another file": {
    files: (source) => ({
      "flow.js": source,
      "tasks.js": `export { ship } from "./ship.js";\n${tasks.replace(/.*ship.*/, "")}`,
      "ship.js": tasks.split("\n")[1] ?? "",
    }),
  },
  "the code is minified": { after: async (code) => (await transform(code, { minify: true, format: "esm" })).code },
  "variables are renamed": { edit: (source) => source.replaceAll(/\border\b/g, "o").replaceAll(/\borders\b/g, "os") },
  "a step with a new name is added at the start": {
    edit: replace('await bill("first")', 'await note(0);\n  await bill("first")'),
    added: ["note[0]"],
  },
  "a step with a new name is added in the middle": {
    edit: replace("await Promise.all", "await note(0);\n  await Promise.all"),
    added: ["note[0]"],
  },
  "a step with a new name is added at the end": {
    edit: replace('await ship("last");', 'await ship("last");\n  await note(0);'),
    added: ["note[0]"],
  },
  "a step with a new name is added in a loop": {
    edit: replace("    await ship(order);\n    if", "    await note(order);\n    await ship(order);\n    if"),
    added: ["for[0]/note[0]", "for[1]/note[0]"],
  },
  "a step with a new name is added in one iteration": {
    edit: replace("if (order === 1)", "if (order === 0) await note(order);\n    if (order === 1)"),
    added: ["for[0]/note[0]"],
  },
  "a step with a new name is added in a helper": {
    edit: replace("  await bill(order);\n  await ship", "  await bill(order);\n  await note(order);\n  await ship"),
    added: ["map[0]/handle[0]/note[0]", "map[1]/handle[0]/note[0]"],
  },
  "a loop is added before another one": {
    edit: replace("  for (", "  for (const order of orders) await note(order);\n  for ("),
    added: ["for[0]/note[0]", "for[1]/note[0]"],
  },
  "a fan-out is added before another one": {
    edit: replace(
      "  await Promise.all",
      "  await Promise.all(orders.map(async (order) => note(order)));\n  await Promise.all",
    ),
    added: ["map[0]/note[0]", "map[1]/note[0]"],
  },
};

test.each(Object.entries(edits))(
  "existing step ids stay the same when %s",
  async (
    _,
    { edit = (source) => source, added = [], files = (source) => ({ "flow.js": source, "tasks.js": tasks }), after },
  ) => {
    expect(await idsOf(files(edit(flow)), after)).toEqual([...before, ...added].sort());
  },
);

test("a direct call and a call through a callback have the same step id", async () => {
  const seen = flow;
  const unseen = flow
    .replace(
      "async function handle(order) {\n  await bill(order);\n  await ship(order);",
      "async function handle(order, first, then) {\n  await first(order);\n  await then(order);",
    )
    .replace("handle(order)", "handle(order, bill, ship)");
  expect(unseen).toContain("handle(order, bill, ship)");
  expect(await idsOf({ "flow.js": unseen, "tasks.js": tasks })).toEqual(
    await idsOf({ "flow.js": seen, "tasks.js": tasks }),
  );
});

test("concurrent closures with the same name count their calls separately", async () => {
  const source = `import { ship } from "./tasks.js";
export async function flow(orders) {
  "use workflow: id=flow";
  await Promise.all([
    Promise.all(orders.map(async (order) => { await ship(order); await ship(order); })),
    Promise.all(orders.map(async (order) => { await ship(-order); })),
  ]);
}`;
  expect(await idsOf({ "flow.js": source, "tasks.js": tasks })).toEqual([
    "map[0]/ship[0]",
    "map[0]/ship[1]",
    "map[0]/ship~1[0]",
    "map[1]/ship[0]",
    "map[1]/ship[1]",
    "map[1]/ship~1[0]",
  ]);
});

test("each step has the location of its call", async () => {
  await loadSources({ "flow.js": flow, "tasks.js": tasks }).then(async (module) => {
    const { store } = setup();
    onTestFinished(close);
    await (await start(module["flow"] as unknown as (orders: number[]) => Promise<void>, [[0]])).result();
    const locations = (await store.steps("flow")).map(({ id, location }) => `${id} ${location}`);
    expect(locations).toEqual([
      "bill[0] flow.js:10:9",
      "for[0]/ship[0] flow.js:12:11",
      "map[0]/handle[0]/bill[0] flow.js:4:9",
      "map[0]/handle[0]/ship[0] flow.js:5:9",
      "map[0]/ship[0] flow.js:17:11",
      "ship[0] flow.js:19:9",
    ]);
  });
});
