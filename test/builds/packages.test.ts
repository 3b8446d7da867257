/** Packages with durable functions: not compiled, compiled with the application, compiled by their own build. */
import { build } from "esbuild";
import { cpSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import perdure from "unplugin-perdure/esbuild";
import { describe, expect, test } from "vitest";
import { fileOf } from "../readme.ts";
import { bundle, bundlers } from "./bundlers.ts";
import { project } from "./project.ts";
import { App } from "./unbundled/app.ts";

const modules = resolve(import.meta.dirname, "../../node_modules");

const jobs = `import { appendFileSync } from "node:fs";
export async function charge(id, n) {
  "use task: retries=2";
  appendFileSync(process.env.EFFECTS, \`charge \${id} \${n}\\n\`);
  if (process.env.DIE === String(n)) process.kill(process.pid, "SIGKILL");
  return n * 10;
}
export async function chargeTwice(id, n) {
  return (await charge(id, n)) + (await charge(id, n + 1));
}
`;

const packageJson = (more: object = {}): string =>
  JSON.stringify({ name: "@acme/jobs", version: "1.0.0", type: "module", exports: "./index.js", ...more });

const main = `import { close, recover, start } from "perdure";
import { charge, chargeTwice } from "@acme/jobs";

export async function order(id) {
  "use workflow: id=order-{id}";
  return (await charge(id, 1)) + (await chargeTwice(id, 2));
}

await recover();
const run = await start(order, ["a"]);
console.log("result", await run.result());
await close();
`;

const app = { "package.json": `{ "name": "app", "type": "module" }`, "src/main.js": main };
const installed = { "node_modules/@acme/jobs/package.json": packageJson(), "node_modules/@acme/jobs/index.js": jobs };

// Farm does not tell which modules a build has
const telling = bundlers.filter(([, bundler]) => bundler !== "farm");

describe.each(telling)("%s and a package that was not compiled", (_, bundler) => {
  test.each([undefined, "@acme/jobs"])("fails the build that only calls it, external: %s", (external) => {
    const variables = external === undefined ? {} : { EXTERNAL: external };
    const { status, output } = bundle(bundler, project({ ...app, ...installed }), "src/main.js", "node", [], variables);
    expect(status, output).not.toBe(0);
    expect(output).toMatch(/src\/main\.js:6:1[67]\b/);
    expect(output).toContain("charge is durable, but the package @acme/jobs (node_modules/@acme/jobs/index.js) is ");
    expect(output).toContain(`name the package in the plugin's option packages: ["@acme/jobs"]`);
    expect(output).toContain("(IMPORT_NOT_COMPILED)");
  });

  test("compiles it if the option names it", () => {
    const variables = { OPTIONS: JSON.stringify({ packages: ["@acme/jobs"] }) };
    const { status, output } = bundle(bundler, project({ ...app, ...installed }), "src/main.js", "node", [], variables);
    expect(status, output).toBe(0);
    expect(output).toContain("chargeTwice: async");
    expect(output).not.toContain("use task");
  });
});

test("a build with unused exports of such a package, or with its types only, is right", () => {
  const types = `import type { Jobs } from "@acme/jobs";\nimport { plain } from "@acme/jobs";\nexport async function order(jobs: Jobs) {\n  "use workflow";\n  return [plain(), await jobs.run()];\n}\n`;
  const classes = `export class Jobs { async run() { "use task" } }\nexport const plain = () => 1;\n`;
  const root = project({ ...app, ...installed, "node_modules/@acme/jobs/index.js": classes, "src/types.ts": types });
  const { status, output } = bundle("esbuild", root, "src/types.ts", "node");
  expect(status, output).toBe(0);
});

test("the report is a warning or nothing if the options say so", () => {
  const built = (level: string) =>
    bundle("rolldown", project({ ...app, ...installed }), "src/main.js", "node", [], {
      OPTIONS: JSON.stringify({ warnings: { IMPORT_NOT_COMPILED: level } }),
    });
  expect(built("off")).toMatchObject({ status: 0, output: expect.not.stringContaining("IMPORT_NOT_COMPILED") });
  expect(built("warning")).toMatchObject({ status: 0, output: expect.stringContaining("IMPORT_NOT_COMPILED") });
});

test("a file that the options exclude is reported", () => {
  const files = {
    ...app,
    "src/jobs.js": jobs,
    "src/main.js": main.replace("@acme/jobs", "./jobs.js"),
  };
  const { status, output } = bundle("esbuild", project(files), "src/main.js", "node", [], {
    OPTIONS: JSON.stringify({ exclude: "**/jobs.js" }),
  });
  expect(status).not.toBe(0);
  expect(output).toContain("charge is durable, but src/jobs.js is bundled without being compiled");
});

/** Builds the application with all packages external, as for a server. */
async function buildApp(created: App, options: Parameters<typeof perdure>[0] = {}): Promise<void> {
  await build({
    absWorkingDir: created.root,
    entryPoints: ["src/main.js"],
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outdir: "dist",
    logLevel: "silent",
    plugins: [perdure(options)],
  });
}

const env = (created: App): Record<string, string> => ({
  PERDURE_STORE: `sqlite:${created.path("runs.db")}`,
  EFFECTS: created.path("effects"),
});

const effectsOf = (created: App): string[] => created.read("effects").trimEnd().split("\n").sort();

/** Each task once, and the one that was killed in flight twice. */
async function diesAndResumes(created: App, command: readonly string[]): Promise<void> {
  await created.run(command, { ...env(created), DIE: "3" }).exits("SIGKILL");
  expect(await created.run(command, env(created)).exits(0)).toContain("result 60");
  expect(effectsOf(created)).toEqual(["charge a 1", "charge a 2", "charge a 3", "charge a 3"]);
}

describe("at run time", () => {
  const ignoring = { warnings: { IMPORT_NOT_COMPILED: "off" } } as const;

  test("a package that nobody compiled stops the run before its first task, and the run continues when the package is compiled", async () => {
    const created = await App.create(20, { ...app, ...installed });
    await buildApp(created, ignoring);
    const output = await created.run(["dist/main.js"], env(created)).exits(1);
    expect(output).toContain("run order-a of the workflow order calls charge of the package @acme/jobs");
    expect(output).toContain("(CALLEE_NOT_COMPILED)");
    created.write("effects", "");
    await buildApp(created, { packages: ["@acme/jobs"] });
    await diesAndResumes(created, ["dist/main.js"]);
  });

  test("its helpers stop the run as well", async () => {
    const files = { ...app, "src/main.js": main.replace("(await charge(id, 1)) + ", "") };
    const created = await App.create(20, { ...files, ...installed });
    await buildApp(created, ignoring);
    const output = await created.run(["dist/main.js"], env(created)).exits(1);
    expect(output).toContain("run order-a of the workflow order calls chargeTwice of the package @acme/jobs");
  });

  test("a linked package of a workspace is told, and compiled by name", async () => {
    const created = await App.create(20, {
      ...app,
      "packages/jobs/package.json": packageJson(),
      "packages/jobs/index.js": jobs,
    });
    created.write("node_modules/@acme/README.md", "");
    symlinkSync(created.path("packages/jobs"), created.path("node_modules/@acme/jobs"));
    await expect(buildApp(created)).rejects.toThrow(
      /the package @acme\/jobs \(packages\/jobs\/index\.js\) is external and ships no compiled code/,
    );
    await buildApp(created, { packages: ["@acme/jobs"] });
    await diesAndResumes(created, ["dist/main.js"]);
  });

  test("unplugin-perdure/register stops it, and compiles it if package.json names it", async () => {
    const created = await App.create(20, { ...app, ...installed });
    const command = ["--import", "unplugin-perdure/register", "src/main.js"];
    expect(await created.run(command, env(created)).exits(1)).toContain("(CALLEE_NOT_COMPILED)");
    created.write(
      "package.json",
      JSON.stringify({ name: "app", type: "module", perdure: { packages: ["@acme/jobs"] } }),
    );
    await diesAndResumes(created, command);
  });
});

describe("a library that is built with the plugin", () => {
  const page = "docs/libraries.md";
  const library = {
    "lib/package.json": fileOf(page, "package.json"),
    "lib/build.mjs": fileOf(page, "build.mjs"),
    "lib/src/index.ts": `${jobs.replaceAll(/(?<=function \w+)\(id, n\)/g, "(id: string, n: number)")}
export async function refund(id: string) {
  "use workflow: id=refund-{id}";
  return charge(id, 9);
}
`,
  };

  /** Builds the library as on its page, and installs what it publishes. */
  async function create(): Promise<App> {
    const created = await App.create(20, { ...app, ...library });
    created.link("esbuild", join(modules, "esbuild"));
    await created.shell("cd lib && node build.mjs").exits(0);
    for (const part of ["package.json", "dist"])
      cpSync(created.path(`lib/${part}`), created.path(`node_modules/@acme/jobs/${part}`), { recursive: true });
    expect(created.read("node_modules/@acme/jobs/dist/index.js")).not.toContain("use task");
    return created;
  }

  test("runs in an application that leaves it external", async () => {
    const created = await create();
    await buildApp(created);
    expect(created.read("dist/main.js")).toContain(`from "@acme/jobs"`);
    await diesAndResumes(created, ["dist/main.js"]);
  });

  test("runs in an application that bundles it", async () => {
    const created = await create();
    await buildApp(created, { packages: ["@acme/jobs"] });
    expect(created.read("dist/main.js")).not.toContain(`from "@acme/jobs"`);
    await diesAndResumes(created, ["dist/main.js"]);
  });

  test("its workflows are resumed by name, by the one runtime of the application", async () => {
    const created = await create();
    created.write(
      "src/main.js",
      `import { close, recover, start } from "perdure";\nimport { refund } from "@acme/jobs";\nconst runs = await recover();\nconst run = runs[0] ?? (await start(refund, ["b"]));\nconsole.log("result", run.id, await run.result());\nawait close();\n`,
    );
    await buildApp(created);
    await created.run(["dist/main.js"], { ...env(created), DIE: "9" }).exits("SIGKILL");
    const output = await created.run(["dist/main.js"], env(created)).exits(0);
    expect(output).toContain("result refund-b 90");
    expect(output).not.toContain("RUNTIME_TWICE");
  });
});
