import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { Tsserver } from "../editors/tsserver.ts";
import { nodeOf } from "../nodes.ts";
import { filesOf } from "../readme.ts";
import { restateBinary, startRestate } from "../restate/server.ts";
import { freePort } from "../servers.ts";
import { npm, pack, published, remove, temporary } from "./staged.ts";

const modules = resolve(import.meta.dirname, "../../node_modules");
const directory = temporary();
afterAll(() => remove(directory));

const files = filesOf("packages/compiler/README.md");

const program = {
  "src/tasks.ts": `export async function greet(who: string): Promise<string> {
  "use task: retries=2";
  return "hello " + who;
}
`,
  "src/main.ts": `import { close, start } from "perdure";
import { greet } from "./tasks.ts";

export async function greetings(names: string[]): Promise<string> {
  "use workflow: id=greetings";
  return (await Promise.all(names.map(async (name) => greet(name)))).join(", ");
}

void start(greetings, [["ada", "grace"]]).then((run) => run.result()).then(console.log).then(close);
`,
};

/** The directory of a project with nothing but the published packages. */
const installed = ((): string => {
  const tarballs = published.map((name) => pack(name, directory).file);
  const root = join(directory, "installed");
  put(root, { "package.json": `{ "name": "app", "private": true, "type": "module" }` });
  npm(["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...tarballs], root);
  // compiling the SQLite driver would take more than a minute
  link(root, "better-sqlite3");
  return root;
})();

function put(root: string, contents: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

function link(root: string, name: string): void {
  const target = join(root, "node_modules", name);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(join(modules, name), target);
}

/** Strips types for integrations whose README configuration is for JavaScript. */
const withoutTypes = (text: string): string =>
  text.replaceAll(/: (?:Promise<string>|string\[\]|string)/g, "").replaceAll(".ts", ".js");

interface Integration {
  readonly config: string;
  /** Packages that a project with this bundler has installed. */
  readonly packages: readonly string[];
  readonly command: readonly string[];
  readonly output: string;
  readonly javascript?: true;
}

const runner = (source: string): readonly string[] => ["--input-type=module", "--eval", source];
const packs = (name: string, config: string): readonly string[] =>
  runner(
    `import pack from "${name}"; import config from "./${config}"; pack(config, (error, stats) => { if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exitCode = 1; } });`,
  );

const integrations: Readonly<Record<string, Integration>> = {
  vite: {
    config: "vite.config.js",
    packages: ["vite"],
    command: [join(modules, "vite/bin/vite.js"), "build", "--ssr", "src/main.ts"],
    output: "dist/main.js",
  },
  esbuild: { config: "build.mjs", packages: ["esbuild"], command: ["build.mjs"], output: "dist/main.js" },
  rollup: {
    config: "rollup.config.js",
    packages: ["rollup"],
    command: [join(modules, "rollup/dist/bin/rollup"), "--config"],
    output: "dist/main.js",
    javascript: true,
  },
  rolldown: {
    config: "rolldown.config.js",
    packages: ["rolldown"],
    command: [join(modules, "rolldown/bin/cli.mjs"), "--config"],
    output: "dist/main.js",
  },
  webpack: {
    config: "webpack.config.cjs",
    packages: ["webpack", "esbuild-loader"],
    command: packs("webpack", "webpack.config.cjs"),
    output: "dist/main.cjs",
  },
  rspack: {
    config: "rspack.config.mjs",
    packages: ["@rspack/core"],
    command: packs("@rspack/core", "rspack.config.mjs"),
    output: "dist/main.cjs",
  },
  farm: {
    config: "farm.config.mjs",
    packages: ["@farmfe/core"],
    command: runner(
      `import { build } from "@farmfe/core"; await build({ configPath: process.cwd() + "/farm.config.mjs" });`,
    ),
    output: "dist/main.mjs",
  },
  bun: { config: "build.js", packages: [], command: ["build.js"], output: "dist/main.js" },
};

test.each(Object.entries(integrations))(
  "the %s configuration in the README builds a program that runs",
  (name, { config, packages, command, output, javascript }) => {
    const root = join(directory, name);
    cpSync(installed, root, { recursive: true });
    const sources = Object.entries(program).map(([file, text]) =>
      javascript ? [withoutTypes(file), withoutTypes(text)] : [file, text],
    );
    put(root, { ...Object.fromEntries(sources), [config]: files[config] ?? "" });
    for (const each of packages) link(root, each);
    const built = spawnSync(name === "bun" ? join(modules, ".bin/bun") : process.execPath, command, {
      cwd: root,
      encoding: "utf8",
    });
    expect(built.status, built.stdout + built.stderr).toBe(0);
    expect(existsSync(join(root, output)), built.stdout + built.stderr).toBe(true);
    const ran = spawnSync(process.execPath, ["--enable-source-maps", output], { cwd: root, encoding: "utf8" });
    expect(ran).toMatchObject({ status: 0, stdout: "hello ada, hello grace\n", stderr: "" });
  },
);

test.each([
  ["beside it in node_modules", "installed", (): string[] => []],
  ["in a directory that is named to it", "elsewhere", (): string[] => ["--pluginProbeLocations", installed]],
])("tsserver loads the plugin of the published package, %s", async (_, place, args) => {
  const typescript = join(directory, place, "node_modules/typescript");
  // a link would be followed to this repository and the plugin in it
  cpSync(join(modules, "typescript"), typescript, { recursive: true, dereference: true });
  const root = join(directory, `${place}-app`);
  const file = join(root, "main.ts");
  const plugins = [{ name: "unplugin-perdure/typescript-plugin" }];
  put(root, { "tsconfig.json": JSON.stringify({ compilerOptions: { plugins } }), "main.ts": "" });
  const server = new Tsserver(typescript, root, args());
  onTestFinished(() => server.stop());
  server.notify("open", { file, fileContent: `async function f() {\n  "use task: retires=3";\n}\n` });
  const said = await server.request<{ text: string }[]>("semanticDiagnosticsSync", { file });
  expect(said?.map(({ text }) => /\(([A-Z_]+)\)/.exec(text)?.[1])).toContain("DIRECTIVE_ARGUMENT_UNKNOWN");
});

test("the installed command runs, and says that there is no store", () => {
  const ran = spawnSync(join(installed, "node_modules/.bin/perdure"), ["runs"], { cwd: installed, encoding: "utf8" });
  expect(ran.stderr).toContain("there is no file");
  expect(ran.status).toBe(3);
});

test("a postgres: URL loads the package with its store, and says what to install where that is missing", () => {
  const root = join(directory, "postgres");
  cpSync(installed, root, { recursive: true });
  const source = `import { close, configure, listRuns } from "perdure";
    configure({ store: "postgres://127.0.0.1:1/app" });
    await listRuns().catch(({ code, message }) => console.log(code, message));
    await close();`;
  const said = (): string => spawnSync(process.execPath, runner(source), { cwd: root, encoding: "utf8" }).stdout;
  expect(said()).toMatch(/^STORE_UNREACHABLE .*ECONNREFUSED/u);
  rmSync(join(root, "node_modules/perdure-postgres"), { recursive: true });
  expect(said()).toMatch(/^STORE_UNAVAILABLE [^]*npm install perdure-postgres/u);
});

test.skipIf(restateBinary() === undefined)(
  "the programs in the README of perdure-restate run on Node 22, with the same copy of perdure as their workflows (skipped where npm has no server for the platform)",
  async () => {
    const server = await startRestate();
    onTestFinished(() => server.remove());
    const root = join(directory, "restate");
    cpSync(installed, root, { recursive: true });
    const port = String(await freePort());
    const { "serve.ts": serve = "", "client.ts": client = "" } = filesOf("packages/restate/README.md");
    put(root, {
      "orders.ts": `import { signal } from "perdure";
        async function send(id: string) { "use task"; return "order " + id + " sent"; }
        export async function shipment(id: string) { "use workflow: id=shipment-{id}"; return send(id); }
        export async function order(id: string) {
          "use workflow: id=order-{id}";
          return (await signal<boolean>("approved")) ? shipment(id) : "refused";
        }`,
      "serve.ts": `${serve.replace("9080", port).replace("http://localhost:9070", server.admin)}console.log("serving");`,
      "client.ts": `${client.replace("http://localhost:8080", server.url)}
        console.log(await run.result());
        const { PerdureError } = await import("perdure");
        console.log(await client.start(async () => {}, []).catch((error: unknown) => error instanceof PerdureError));`,
    });
    const node = await nodeOf(22);
    const serving = spawn(node, ["--import", "unplugin-perdure/register", "serve.ts"], { cwd: root });
    const exited = once(serving, "exit");
    onTestFinished(async () => {
      serving.kill("SIGKILL");
      await exited;
    });
    let said = "";
    for (const stream of [serving.stdout, serving.stderr])
      stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await expect.poll(() => said, { timeout: 30_000 }).toContain("serving");
    const { stdout } = await promisify(execFile)(node, ["--import", "unplugin-perdure/register", "client.ts"], {
      cwd: root,
    });
    expect(stdout, said).toBe("order 17 sent\ntrue\n");
    const copies = readdirSync(join(root, "node_modules"), { recursive: true, encoding: "utf8" });
    expect(copies.filter((each) => /(?:^|\/)perdure\/package\.json$/.test(each))).toEqual(["perdure/package.json"]);
  },
);

test("every configuration in the README is tested", () => {
  const tested = Object.values(integrations).map(({ config }) => config);
  const elsewhere = ["vitest.config.js", "perdure.setup.js", "next.config.mjs", "explain.mjs"];
  expect(Object.keys(files).sort()).toEqual([...tested, ...elsewhere].sort());
});
