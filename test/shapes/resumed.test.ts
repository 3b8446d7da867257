import * as perdure from "perdure";
import * as internal from "perdure/internal";
import { settled, setup } from "perdure/testing";
import { expect, onTestFinished, test } from "vitest";
import { load } from "../../packages/compiler/test/execute.ts";

type Workflow = (...args: never[]) => Promise<unknown>;

const source = `
  import { signal } from "perdure";
  class Base { static async describe() { return [this.name, "base"] } }
  class Jobs extends Base {
    static factor = 2;
    static async run(x) { "use workflow"; await signal("go"); return [this.name, x * this.factor, arguments.length, await super.describe()] }
    static async ["computed"](x) { "use workflow"; await signal("go"); return [this.name, x] }
  }
  const key = Symbol.for("key");
  const api = { factor: 3, async run(...x) { "use workflow"; await signal("go"); return [x.length, this.factor, arguments[1]] }, async [key]() { "use workflow"; await signal("go"); return this.factor } };
  async function template(strings, ...values) { "use workflow"; await signal("go"); return [strings[0], strings.raw[0], Object.isFrozen(strings), values] }
  async function argumentsOnly() { "use workflow"; await signal("go"); return [...arguments] }
  export const calls = {
    static: () => Jobs.run(21), known: () => Jobs.computed(1), object: () => api.run("a", "b"), symbol: () => api[key](),
    template: () => template\`a\\n\${1}\`, arguments: () => argumentsOnly(1, undefined),
  };
  export const methods = { static: [Jobs.run, [4]], object: [api.run, []] };
`;

const program = () =>
  load({ "main.js": source }, "main.js", "compiled", { perdure, "perdure/internal": internal }, () => {});

/** Ignores the outcome of the call. */
const abandon = (call: Promise<unknown> | undefined): void => void call?.catch(() => {});

async function finish(): Promise<unknown> {
  const [run] = await perdure.listRuns();
  if (!run) throw new Error("no run was started");
  await perdure.complete(run.id, "go");
  return (await perdure.getRun(run.id)).result();
}

/** The results of a run that is not interrupted, and of one that is resumed by another process. */
async function both(begin: () => Promise<unknown>): Promise<readonly [undisturbed: unknown, resumed: unknown]> {
  setup();
  abandon(begin());
  await settled();
  const undisturbed = await finish();
  await perdure.close();

  const { crash } = setup();
  abandon(begin());
  await settled();
  crash();
  program();
  await perdure.recover();
  await settled();
  const resumed = await finish();
  await perdure.close();
  return [undisturbed, resumed];
}

test.each([
  ["static", ["Jobs", 42, 1, ["Jobs", "base"]]],
  ["known", ["Jobs", 1]],
  ["object", [2, 3, "b"]],
  ["symbol", 3],
  ["template", ["a\n", "a\\n", true, [1]]],
  ["arguments", [1, undefined]],
])("a workflow resumed by another process has its this and its arguments: %s", async (name, expected) => {
  const calls = program()["calls"] as Record<string, () => Promise<unknown>>;
  expect(await both(() => (calls[name] as () => Promise<unknown>)())).toEqual([expected, expected]);
});

test.each([
  ["static", ["Jobs", 8, 1, ["Jobs", "base"]]],
  ["object", [0, 3, undefined]],
])("start() calls a method with the same this as when it is resumed: %s", async (name, expected) => {
  const methods = program()["methods"] as Record<string, readonly [Workflow, never[]]>;
  const [workflow, args] = methods[name] as readonly [Workflow, never[]];
  expect(await both(() => perdure.start(workflow, args))).toEqual([expected, expected]);
});

test("a run of one of two workflows with the same name is not resumed as the other", async () => {
  const twice = `import { signal } from "perdure"; export const jobs = [async () => { "use workflow"; await signal("go"); return 1 }, async () => { "use workflow"; await signal("go"); return 2 }];`;
  const again = () =>
    load({ "main.js": twice }, "main.js", "compiled", { perdure, "perdure/internal": internal }, () => {})[
      "jobs"
    ] as readonly (() => Promise<unknown>)[];
  const { crash } = setup();
  onTestFinished(perdure.close);
  const [first] = again();
  abandon(first?.());
  await settled();
  crash();
  const [same] = again();
  expect(await perdure.recover()).toEqual([]);
  const result = same?.();
  await settled();
  await finish();
  expect(await result).toBe(1);
});
