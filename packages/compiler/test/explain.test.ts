import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { build } from "vite";
import perdure from "../src/adapters/bundlers/vite.ts";
import { explain, type ExplainOptions, type Explanation } from "../src/index.ts";
import { fakeRuntime, orders, temporaryProject } from "./temporary-project.ts";

const files = {
  ...orders,
  ...fakeRuntime,
  "src/flow.ts": `import { readFile } from "node:fs/promises";
import { sleep } from "perdure";
import { charge } from "./index.ts";
import { lost } from "~/lost";
import { helper } from "installed";

async function each(id: string): Promise<string> {
  return await charge(id);
}
export async function flow(ids: string[], then: (id: string) => Promise<void>): Promise<void> {
  "use workflow: id=flow";
  for (const id of ids) await each(id);
  await sleep("1d");
  await then(await lost(await helper(readFile)));
}
`,
  "src/wrong.ts": `export async function wrong(): Promise<void> {\n  "use task: retires=3";\n}\n`,
  "src/style.css": "",
  "node_modules/installed/package.json": `{ "name": "installed" }`,
  "node_modules/installed/index.ts": `export async function helper(x) { "use task"; }`,
};

function explained(file: string, options: ExplainOptions = {}): Explanation {
  const { root } = temporaryProject(files);
  return explain(file, { root, ...options });
}

describe("explain", () => {
  test("says which functions a compiled file has, where their calls lead, and which imports are not followed", () => {
    const { text, diagnostics, ...rest } = explained("src/flow.ts");
    expect(rest).toEqual({
      file: "src/flow.ts",
      compiled: true,
      reason: "compiled",
      functions: [
        { kind: "helper", name: "each", location: "src/flow.ts:7:16" },
        { kind: "workflow", name: "flow", location: "src/flow.ts:10:23" },
      ],
      calls: [
        { location: "src/flow.ts:8:16", to: [{ name: "charge", file: "src/tasks.ts" }] },
        { location: "src/flow.ts:12:31", to: [{ name: "each", file: "src/flow.ts" }] },
        { location: "src/flow.ts:13:9", to: [{ name: "sleep", file: "perdure" }] },
        { location: "src/flow.ts:14:9", to: [] },
        { location: "src/flow.ts:14:31", to: [{ name: "helper", file: "node_modules/installed/index.ts" }] },
      ],
      imports: [
        { specifier: "node:fs/promises", as: "built-in" },
        { specifier: "perdure", as: "perdure" },
        { specifier: "./index.ts", file: "src/index.ts", as: "project" },
        { specifier: "~/lost", as: "not found" },
        { specifier: "installed", file: "node_modules/installed/index.ts", as: "package" },
      ],
    });
    expect(diagnostics.map(({ severity }) => severity)).not.toContain("error");
    for (const line of [
      "src/flow.ts: compiled",
      "    workflow flow (src/flow.ts:10:23)",
      "    src/flow.ts:8:16 → charge (src/tasks.ts)",
      "    src/flow.ts:14:9 → not known before it is made",
      "    ./index.ts → src/index.ts",
      "    ~/lost: tasks in that module are not found at build time",
    ])
      expect(text.split("\n")).toContain(line);
  });

  test.each<[reason: Explanation["reason"], file: string, options?: ExplainOptions]>([
    ["nothing durable", "src/untouched.ts"],
    ["errors", "src/wrong.ts"],
    ["not found", "src/missing.ts"],
    ["not included", "src/style.css"],
    ["not included", "src/flow.ts", { include: /\.vue$/ }],
    ["excluded", "src/flow.ts", { exclude: [/flow/] }],
    ["in node_modules", "node_modules/installed/index.ts"],
    ["compiled", "node_modules/installed/index.ts", { packages: ["installed"] }],
    ["browser build", "src/untouched.ts", { forBrowser: true }],
    ["errors", "src/flow.ts", { forBrowser: true }],
    ["compiled", "src/helper.ts"],
    ["compiled", "src/flow.ts?v=17"],
  ])("%s: %s", (reason, file, options) => {
    const { reason: found, compiled, text, diagnostics } = explained(file, options);
    expect([found, compiled]).toEqual([reason, reason === "compiled"]);
    expect(text.startsWith(file.replace(/\?.*/, ""))).toBe(true);
    expect(diagnostics.some(({ severity }) => severity === "error")).toBe(reason === "errors");
  });

  test("says what it was that was compiled before", () => {
    const { root } = temporaryProject({
      "dist/a.js": `import * as $perdure from "perdure/internal"; function $perdure_m() { return $perdure_m.m ??= $perdure.module(6, {}); } $perdure_m();`,
    });
    expect(explain("dist/a.js", { root }).reason).toBe("compiled before");
  });

  test("has a type for each of its parts", () => {
    expectTypeOf(explain).toBeCallableWith("src/a.ts", { forBrowser: true, include: "src/**" });
    expectTypeOf<Explanation["text"]>().toEqualTypeOf<string>();
  });

  test.each([
    ["perdure*", true],
    ["vite:*,perdure:explain", true],
    ["*", true],
    ["vite:*", false],
    [undefined, false],
  ])("a build prints it with DEBUG=%s: %s", async (value, isPrinted) => {
    const project = temporaryProject({ ...orders, ...fakeRuntime });
    vi.stubEnv("DEBUG", value);
    const printed: string[] = [];
    const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => (printed.push(String(text)), true));
    try {
      await build({
        root: project.root,
        configFile: false,
        logLevel: "silent",
        plugins: [perdure()],
        build: { ssr: "src/main.ts" },
      });
    } finally {
      write.mockRestore();
      vi.unstubAllEnvs();
    }
    expect(
      printed
        .join("")
        .includes(
          "perdure:explain src/main.ts: compiled\nperdure:explain   functions:\nperdure:explain     workflow main (src/main.ts:2:23)",
        ),
    ).toBe(isPrinted);
  });
});
