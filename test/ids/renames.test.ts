import { describe, expect, onTestFinished, test } from "vitest";
import { complete, configure, getRun, recover, start, worker } from "perdure";
import { advance, settled } from "perdure/testing";
import { codeOf, Lives, log, renameIn, type Sources } from "./lives.ts";

const task = (name: string, directive = "use task: retries=0"): string =>
  `export async function ${name}(x) { "${directive}"; globalThis.log.push("${name} " + x); return "done " + x; }\n`;

/** A workflow `flow` that imports these tasks. */
const sources = (body: string, tasks: readonly string[], outside = ""): Sources => ({
  "flow.js": `import { sleep, signal, start, keyed } from "perdure";\nimport { ${tasks.join(", ")} } from "./tasks.js";\n${outside}\nexport async function flow() {\n  "use workflow";\n  const done = [];\n${body}\n  return done;\n}`,
  "tasks.js": tasks.map((name) => task(name)).join(""),
});
const old = sources(`  done.push(await bill(1));\n  await sleep("1h");\n  done.push(await bill(2));`, ["bill"]);
const renamed = sources(`  done.push(await charge(1));\n  await sleep("1h");\n  done.push(await charge(2));`, [
  "charge",
]);

describe("a renamed step", () => {
  test("a call under the new name takes over the recorded steps, which keep their ids", async () => {
    const lives = new Lives();
    await lives.start(old);
    expect(await lives.resume(renamed, { renames: { bill: "charge" } })).toEqual(["done 1", "done 2"]);
    expect(log()).toEqual(["bill 1", "charge 2"]);
    expect(await lives.steps()).toEqual(["bill[0]", "sleep[0]", "charge[1]"]);
    expect(lives.reports).toEqual([]);
  });

  test("renames from a to b to c apply to steps recorded under each name", async () => {
    const lives = new Lives();
    const code = (name: string): Sources =>
      sources([1, 2, 3].map((n) => `  done.push(await ${name}(${n}));\n  await sleep("1h");`).join("\n"), [name]);
    await lives.start(code("a"));
    await lives.begin(code("b"), { renames: { a: "b" } });
    await recover();
    await advance("90m");
    expect(await lives.steps()).toEqual(["a[0]", "sleep[0]", "b[1]", "sleep[1]"]);
    expect(await lives.resume(code("c"), { renames: { a: "b", b: "c" } })).toEqual(["done 1", "done 2", "done 3"]);
    expect(log()).toEqual(["a 1", "b 2", "c 3"]);
  });

  test("an undeclared rename blocks the run with a message that contains the declaration", async () => {
    const lives = new Lives();
    await lives.start(old);
    const outcome = await lives.resume(renamed);
    expect(codeOf(outcome)).toBe("STEPS_LOST");
    expect(String(outcome)).toMatch(
      /no longer reaches a step of run .+: bill\[0\] \(flow\.js:7:19\); new calls: charge\[0\] \(flow\.js:7:19\)/,
    );
    expect(log()).toEqual(["bill 1"]);
    expect(renameIn(outcome)).toEqual({ renames: { bill: "charge" } });
    expect(await lives.resume(renamed, renameIn(outcome))).toEqual(["done 1", "done 2"]);
    expect(log()).toEqual(["bill 1", "charge 2"]);
  });

  test("the suggested rename is chosen among several new names by the position of the definition", async () => {
    const lives = new Lives();
    await lives.start(sources(`  await bill(1);\n  await sleep("1h");\n  await ship(2);`, ["ship", "bill"]));
    const outcome = await lives.resume(
      sources(`  await note(0);\n  await charge(1);\n  await sleep("1h");\n  await ship(2);`, [
        "ship",
        "charge",
        "note",
      ]),
    );
    expect(String(outcome)).toContain("new calls: charge (flow.js:8:9), note[0] (flow.js:7:9)");
    expect(renameIn(outcome)).toEqual({ renames: { bill: "charge" } });
  });

  test("a declared rename lets a worker resume a blocked run under unchanged code", async () => {
    const lives = new Lives();
    await lives.start(old);
    expect(codeOf(await lives.resume(renamed))).toBe("STEPS_LOST");
    for (const [renames, status] of [
      [{}, "pending"],
      [{ bill: "charge" }, "completed"],
    ] as const) {
      await lives.begin(renamed, { renames });
      const working = worker();
      await advance("2h");
      await working.stop();
      expect(await lives.store.getRun("run")).toMatchObject({ status });
    }
  });

  test("a renamed unfinished step continues its attempts with the same idempotency key", async () => {
    const lives = new Lives();
    const flaky = (name: string): Sources => ({
      "flow.js": `import { ${name} } from "./tasks.js";\nimport { sleep } from "perdure";\nexport async function flow() { "use workflow"; const done = await ${name}(1); await sleep("9h"); return [done]; }`,
      "tasks.js": `import { taskContext } from "perdure";\nexport async function ${name}(x) { "use task: retries=3, backoff=constant(2h)"; const { attempt, idempotencyKey } = taskContext(); globalThis.log.push([attempt, idempotencyKey].join(" ")); if (attempt < 3) throw new Error("again"); return "done " + x; }`,
    });
    await lives.start(flaky("bill"));
    for (const attempts of [2, 3, 3]) {
      await lives.begin(flaky("charge"), { renames: { bill: "charge" } });
      await recover();
      await advance("2h");
      expect(log()).toHaveLength(attempts);
    }
    expect(await lives.resume(flaky("charge"), { renames: { bill: "charge" } })).toEqual(["done 1"]);
    expect(log()).toEqual(["1 run/bill[0]", "2 run/bill[0]", "3 run/bill[0]"]);
    expect(await lives.steps()).toEqual(["bill[0]", "sleep[0]"]);
  });

  test.each([
    ["under another name", "charge", "charge(1)", { bill: "charge" }],
    ["in a helper", "bill", "handle(1)", { "bill[0]": "handle[0]/bill[0]" }],
  ])(
    "an unfinished step that is now called %s blocks the run until that is declared",
    async (_, name, call, renames) => {
      const flaky = (task: string, called: string): Sources => ({
        "flow.js": `import { ${task} } from "./tasks.js";\n${called === "handle(1)" ? `async function handle(n) { return ${task}(n); }` : ""}\nexport async function flow() { "use workflow"; return await ${called}; }`,
        "tasks.js": `import { taskContext } from "perdure";\nexport async function ${task}(x) { "use task: backoff=constant(2h)"; const { attempt, idempotencyKey } = taskContext(); globalThis.log.push([attempt, idempotencyKey].join(" ")); if (attempt < 3) throw new Error("again"); return "done " + x; }`,
      });
      const lives = new Lives();
      await lives.start(flaky("bill", "bill(1)"));
      const outcome = await lives.resume(flaky(name, call));
      expect(codeOf(outcome)).toBe("STEP_MOVED");
      expect(renameIn(outcome)).toEqual({ renames });
      expect(await lives.resume(flaky(name, call), { renames })).toBe("done 1");
      expect(log()).toEqual(["1 run/bill[0]", "2 run/bill[0]", "3 run/bill[0]"]);
    },
  );

  test("a record under exactly the called name takes precedence over a renamed one", async () => {
    const lives = new Lives();
    await lives.start(
      sources(`  done.push(await bill(1));\n  done.push(await charge(2));\n  await sleep("1h");`, ["bill", "charge"]),
    );
    const outcome = await lives.resume(sources(`  done.push(await charge(2));\n  await sleep("1h");`, ["charge"]), {
      renames: { bill: "charge" },
    });
    expect(codeOf(outcome)).toBe("STEPS_LOST");
    expect(log()).toEqual(["bill 1", "charge 2"]);
  });

  test("a wait for a renamed signal continues and receives deliveries made under the old name", async () => {
    const waiting = (...names: string[]): Sources =>
      sources(names.map((name) => `  done.push(await signal("${name}"));`).join("\n"), ["bill"]);
    const renames = { "signal:paid": "signal:payment" };
    const lives = new Lives();
    await lives.start(waiting("first", "paid", "paid"));
    expect(await complete("run", "first", 0)).toBe(true);
    await settled();
    await lives.begin(waiting("first", "payment", "payment"), { renames });
    expect(await complete("run", "paid", 1)).toBe(true);
    const [run] = await recover();
    await advance("1s");
    expect(await lives.steps()).toEqual(["signal:first[0]", "signal:paid[0]", "signal:payment[1]"]);
    await advance("2m"); // the run is suspended
    expect(await complete("run", "payment", 2)).toBe(true);
    expect(await run?.result()).toEqual([0, 1, 2]);
  });

  test("a delivery under the new name of a signal resumes a wait opened under the old one", async () => {
    const waiting = (name: string): Sources => sources(`  done.push(await signal("${name}"));`, ["bill"]);
    const lives = new Lives();
    await lives.start(waiting("paid"));
    await lives.begin(waiting("payment"), { renames: { "signal:paid": "signal:payment" } });
    await recover();
    await advance("2m");
    expect(await lives.store.steps("run")).toMatchObject([{ id: "signal:paid[0]", state: "open", target: "payment" }]);
    expect(await complete("run", "payment", 1)).toBe(true);
    expect(await (await getRun("run")).result()).toEqual([1]);
    expect(lives.reports).toEqual([]);
  });
});

describe("a moved call", () => {
  const direct = sources(
    `  for (const n of [1, 2]) done.push(await bill(n));\n  done.push(await bill(3));\n  await sleep("1h");\n  done.push(await bill(4));`,
    ["bill"],
  );
  const helped = sources(
    `  for (const n of [1, 2]) done.push(await handle(n));\n  done.push(await handle(3));\n  await sleep("1h");\n  done.push(await handle(4));`,
    ["bill"],
    `async function handle(n) { return bill(n); }`,
  );

  test("a call moved into a helper is declared with paths, and a path without an index covers every index", async () => {
    const lives = new Lives();
    await lives.start(direct);
    const renames = { "for/bill[0]": "for/handle[0]/bill[0]", bill: "handle/bill[0]" };
    expect(await lives.resume(helped, { renames })).toEqual(["done 1", "done 2", "done 3", "done 4"]);
    expect(log()).toEqual(["bill 1", "bill 2", "bill 3", "bill 4"]);
    expect(lives.reports).toEqual([]);
  });

  test("an undeclared move blocks the run before a step is repeated, and each message contains the next declaration", async () => {
    const lives = new Lives();
    await lives.start(direct);
    let renames: Record<string, string> = {};
    for (const expected of [{ "for/bill[0]": "for/handle[0]/bill[0]" }, { "bill[0]": "handle[0]/bill[0]" }]) {
      const outcome = await lives.resume(helped, { renames });
      expect(codeOf(outcome)).toBe("STEP_MOVED");
      expect(renameIn(outcome)).toEqual({ renames: expected });
      renames = { ...renames, ...renameIn(outcome).renames };
    }
    expect(await lives.resume(helped, { renames })).toEqual(["done 1", "done 2", "done 3", "done 4"]);
    expect(log()).toEqual(["bill 1", "bill 2", "bill 3", "bill 4"]);
  });

  test("an undeclared move is still detected after the new code has recorded a step", async () => {
    const lives = new Lives();
    await lives.start(direct);
    const noted = sources(
      `  await note(0);\n  for (const n of [1, 2]) done.push(await handle(n));`,
      ["bill", "note"],
      `async function handle(n) { return bill(n); }`,
    );
    for (let life = 0; life < 3; life++) expect(codeOf(await lives.resume(noted))).toBe("STEP_MOVED");
    expect(log()).toEqual(["bill 1", "bill 2", "bill 3", "note 0"]);
  });

  test("an added call is not mistaken for a moved one", async () => {
    const lives = new Lives();
    await lives.start(sources(`  done.push(await bill(1));\n  await sleep("1h");`, ["bill"]));
    const added = sources(
      `  done.push(await handle(1));\n  done.push(await bill(1));\n  await sleep("1h");`,
      ["bill"],
      `async function handle(n) { return bill(n); }`,
    );
    expect(await lives.resume(added)).toEqual(["done 1", "done 1"]);
    expect(log()).toEqual(["bill 1", "bill 1"]);
  });

  test("a call in another branch or iteration of the same code is not mistaken for a moved one", async () => {
    const branches = (first: string, tasks: readonly string[]): Sources =>
      sources(
        `  await Promise.all([1, 2].map(async (n) => {\n    ${first}await tick(0);\n    await sleep(n + "h");\n    await tick(0);\n  }));`,
        ["tick", ...tasks],
      );
    const lives = new Lives();
    await lives.start(branches("", []));
    await lives.resume(branches("await note(n);\n    ", ["note"]));
    expect(await lives.store.getRun("run")).toMatchObject({ status: "completed" });
    expect(log()).toEqual(["tick 0", "tick 0", "note 1", "note 2", "tick 0", "tick 0"]);
  });

  test("a call with a key is not mistaken for a moved one", async () => {
    const lives = new Lives();
    await lives.start(direct);
    const keyed = sources(
      `  done.push(await keyed("new", () => handle(1)));\n  done.push(await handle(2));`,
      ["bill"],
      `async function handle(n) { return bill(n); }`,
    );
    const outcome = await lives.resume(keyed);
    expect(codeOf(outcome)).toBe("STEP_MOVED");
    expect(log()).toEqual(["bill 1", "bill 2", "bill 3", "bill 1"]);
  });

  test("moving one of several calls of a task does not change the ids of the others", async () => {
    const lives = new Lives();
    const code = (...calls: string[]): Sources =>
      sources(
        calls.map((call) => `  done.push(await ${call});`).join("\n"),
        ["bill"],
        `async function handle(n) { return bill(n); }`,
      );
    await lives.start(code("bill(1)", "bill(2)", `sleep("1h")`, "bill(3)"));
    const moved = code("handle(1)", "bill(2)", `sleep("1h")`, "bill(3)", "bill(4)");
    const renames = { "bill[0]": "handle[0]/bill[0]" };
    for (let life = 0; life < 2; life++) {
      await lives.begin(moved, { renames });
      await recover();
      await advance("1s");
    }
    expect(await lives.resume(moved, { renames })).toEqual(["done 1", "done 2", undefined, "done 3", "done 4"]);
    expect(log()).toEqual(["bill 1", "bill 2", "bill 3", "bill 4"]);
    expect(await lives.steps()).toEqual(["bill[0]", "bill[1]", "sleep[0]", "bill[2]", "bill[3]"]);
    expect(lives.reports).toEqual([]);
  });

  test("a declared move does not apply to steps that the new code has recorded under the old path", async () => {
    const lives = new Lives();
    const handle = `async function handle(n) { return bill(n); }`;
    const both = sources(
      `  done.push(...await Promise.all([handle(1), bill(2)]));\n  await sleep("1h");\n  done.push(await handle(3));`,
      ["bill"],
      handle,
    );
    await lives.start(sources(`  await sleep("1h");`, ["bill"]));
    const renames = { "bill[0]": "handle[0]/bill[0]" };
    for (const code of [
      both,
      both,
      { ...both, "flow.js": both["flow.js"]?.replace("const done", "/* other code */ var done") ?? "" },
    ]) {
      await lives.begin(code, { renames });
      await recover();
      await advance("1s");
    }
    expect(await lives.resume(both, { renames })).toEqual(["done 1", "done 2", "done 3"]);
    expect(log()).toEqual(["bill 1", "bill 2", "bill 3"]);
  });
});

describe("a renamed workflow", () => {
  const flowOf = (name: string, file = "flow.js", directive = "use workflow"): Sources => ({
    [file]: `import { sleep } from "perdure";\nexport async function ${name}(x) {\n  "${directive}";\n  await sleep("1h");\n  return "${name} " + x;\n}`,
  });
  const begin = async (lives: Lives, id?: string): Promise<string> => {
    const { order } = await lives.begin(flowOf("order"));
    const run = await start(order as unknown as (x: number) => Promise<unknown>, [1], id === undefined ? {} : { id });
    await advance("1s");
    return run.id;
  };
  const next = async (
    lives: Lives,
    files: Sources,
    renames: Record<string, string> = {},
  ): Promise<Record<string, (x: number) => Promise<unknown>>> =>
    (await lives.begin(files, { renames })) as unknown as Record<string, (x: number) => Promise<unknown>>;
  const afterAnHour = async (result: Promise<unknown> | undefined): Promise<unknown> => {
    const outcome = result?.catch((error: unknown) => error);
    await advance("2h");
    return outcome;
  };

  test("recover() resumes a run of a renamed workflow, without a filter or filtered by either name", async () => {
    for (const workflows of [undefined, ["place"], ["order"]]) {
      const lives = new Lives();
      await begin(lives);
      await next(lives, flowOf("place"));
      expect(await recover()).toEqual([]);
      await next(lives, flowOf("place"), { order: "place" });
      const [run] = await recover(workflows && { workflows });
      expect(await afterAnHour(run?.result())).toBe("place 1");
    }
  });

  test("a worker for the new name resumes a run of a renamed workflow", async () => {
    const lives = new Lives();
    const id = await begin(lives);
    await next(lives, flowOf("place"), { order: "place" });
    const working = worker({ workflows: ["place"] });
    onTestFinished(() => working.stop());
    await advance("2h");
    expect(await lives.store.getRun(id)).toMatchObject({ status: "completed", workflow: "order" });
  });

  test("starting a renamed workflow attaches to its existing run, with or without an explicit id", async () => {
    for (const id of ["mine", undefined]) {
      const lives = new Lives();
      await begin(lives, id);
      const { place } = await next(lives, flowOf("place"), { order: "place" });
      const again = start(place as (x: number) => Promise<unknown>, [1], id === undefined ? {} : { id });
      expect(await afterAnHour(again.then((run) => run.result()))).toBe("place 1");
      expect((await lives.store.listRuns({})).map(({ workflow }) => workflow)).toEqual(["order"]);
    }
  });

  test("a workflow with an undeclared new name is a different workflow", async () => {
    const lives = new Lives();
    await begin(lives, "mine");
    const { place } = await next(lives, flowOf("place"));
    await expect(start(place as (x: number) => Promise<unknown>, [1], { id: "mine" })).rejects.toMatchObject({
      code: "RUN_WORKFLOW_DIFFERS",
    });
  });

  test("a declaration with files decides which of two workflows of the same name resumes a run", async () => {
    const lives = new Lives();
    await begin(lives);
    const both = {
      "main.js": `export * from "./new.js"; export { order as other } from "./other.js";`,
      ...flowOf("order", "new.js"),
      ...flowOf("order", "other.js", "use workflow: id=other"),
    };
    await next(lives, both);
    expect(await recover()).toEqual([]); // either workflow could be meant
    await next(lives, both, { "flow.js#order": "new.js#order" });
    const [run] = await recover();
    expect(await afterAnHour(run?.result())).toBe("order 1");
  });

  test("a run of a workflow declared as moved is not resumed by another workflow of the same name", async () => {
    const lives = new Lives();
    await begin(lives);
    await next(lives, flowOf("order", "other.js"), { "flow.js#order": "new.js#order" });
    expect(await recover()).toEqual([]);
  });

  test("a renamed child workflow continues in its existing run as the child of the renamed call", async () => {
    const lives = new Lives();
    const parent = (name: string): Sources => ({
      "flow.js": `import { ${name} } from "./child.js";\nimport { start } from "perdure";\nexport async function flow() { "use workflow"; const detached = await start(${name}, [2]); return [await ${name}(1), await detached.result()]; }`,
      "child.js": `import { sleep } from "perdure";\nexport async function ${name}(x) { "use workflow"; globalThis.log.push("${name} " + x); await sleep("1h"); return "done " + x; }`,
    });
    await lives.start(parent("order"));
    expect(await lives.resume(parent("place"), { renames: { order: "place" } })).toEqual(["done 1", "done 2"]);
    const runs = await lives.store.listRuns({});
    expect(runs.map(({ id, workflow }) => `${workflow} ${id}`).sort()).toEqual([
      "flow run",
      "order run/order[0]",
      "order run/start:order[0]",
    ]);
    expect(await lives.steps()).toEqual(["start:order[0]", "order[0]"]);
  });
});

describe("renames passed to configure()", () => {
  test("configure() refuses a rename of a name that is still in the code", async () => {
    await new Lives().begin(old);
    expect(() => configure({ renames: { bill: "charge" } })).toThrow(
      expect.objectContaining({
        code: "RENAME_IN_USE",
        message: expect.stringContaining("bill is still in the code, at tasks.js:1:23"),
      }),
    );
    expect(() => configure({ renames: { "flow.js#flow": "new.js#flow" } })).toThrow(
      expect.objectContaining({ code: "RENAME_IN_USE" }),
    );
    expect(() =>
      configure({ store: "memory:", renames: { "bill[0]": "charge[0]", "old.js#flow": "flow.js#flow" } }),
    ).not.toThrow();
  });

  test("configure() refuses circular and malformed renames", () => {
    for (const renames of [{ a: "b", b: "a" }, { a: "a" }, { "a[": "b" }])
      expect(() => configure({ renames })).toThrow(expect.objectContaining({ code: "RENAME_INVALID" }));
  });
});
