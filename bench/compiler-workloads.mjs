/**
 * What the compiler costs in a build. The limit is oxc-transform over the same files, and for Vite the same without the plugin. Of the plugin only its own hooks are measured, as Rollup or Vite calls them.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { directory, time } from "./raw.mjs";
import { longSource, projectSources, writeProject } from "./sources.mjs";

/** Stands for the bundler, which resolves no import that the compiler has not found itself. */
const context = (more = {}) => ({
  meta: { watchMode: false, viteVersion: "8.0.0" },
  resolve: async () => null,
  addWatchFile() {},
  warn() {},
  error(error) {
    throw Object.assign(new Error(error.message), error);
  },
  ...more,
});

const handlerOf = (hook) => (typeof hook === "function" ? hook : hook.handler);

/** The hooks of the plugin for Rollup, in a build of these files. */
export async function rollupPlugin(root) {
  const { default: perdure } = await import("unplugin-perdure/rollup");
  const plugin = [perdure({ root, manifest: false })].flat()[0];
  const build = context();
  return {
    start: () => handlerOf(plugin.buildStart).call(build),
    transform: (text, file) => handlerOf(plugin.transform).call(build, text, file),
    end: (files) =>
      handlerOf(plugin.buildEnd).call(
        context({ getModuleIds: () => files.map(({ file }) => file), getModuleInfo: () => null }),
      ),
  };
}

/** The hooks of the plugin for Vite, in a development server. */
export async function vitePlugin(root) {
  const { default: perdure } = await import("unplugin-perdure/vite");
  const plugin = [perdure({ root, inspector: false })].flat()[0];
  const invalidated = [];
  const environment = {
    name: "ssr",
    mode: "dev",
    config: { consumer: "server", build: {}, plugins: [] },
    moduleGraph: {
      getModulesByFile: (file) => new Set([{ file, importers: new Set() }]),
      invalidateModule: ({ file }) => invalidated.push(file),
    },
  };
  handlerOf(plugin.configResolved).call({}, { command: "serve", root, plugins: [] });
  const server = context({ environment });
  return {
    transform: (text, file) => handlerOf(plugin.transform).call(server, text, file),
    /** Tells the plugin of a changed file. Answers with the other files to transform again. */
    async update(file) {
      invalidated.length = 0;
      await handlerOf(plugin.hotUpdate).call(server, { type: "update", file, modules: [], timestamp: 0 });
      return invalidated.filter((each) => each !== file);
    },
  };
}

const project = (sources) => writeProject(directory(), sources);
const rootOf = ([{ file, path }]) => file.slice(0, -path.length - 1);

async function oxc(files) {
  const { transformSync } = await import("oxc-transform");
  return time(() => {
    for (const { file, text } of files) {
      const { errors } = transformSync(file, text, { sourcemap: true });
      if (errors.length > 0) throw new Error(errors[0].message);
    }
  });
}

async function build(files) {
  const plugin = await rollupPlugin(rootOf(files));
  await plugin.start();
  return time(async () => {
    let changed = 0;
    for (const { file, text } of files) if (await plugin.transform(text, file)) changed++;
    if (changed < files.filter(({ hasDirective }) => hasDirective).length) throw new Error("files were not compiled");
    await plugin.end(files);
  });
}

/** Has the code of both sides compiled by V8 with other files of the same kind. */
const warmed = (sources, measure) => async () => {
  for (let turn = 0; turn < 3; turn++) await measure(project(sources()));
  return measure(project(sources()));
};

const inBuild = (name, sources, goal) => ({
  name,
  units: sources().length,
  goal,
  limit: warmed(sources, oxc),
  perdure: warmed(sources, build),
});

const longFile = () => [{ path: "src/long.ts", text: longSource(3000), hasDirective: true }];
const irrelevant = () => projectSources(200).filter(({ path }) => /\/(?:types|validate|view|routes)\.ts$/.test(path));

const MONOREPO = 5000;

/** Milliseconds that an edit of one file may take. */
const EDIT = 20;

/** Edits one file of a large project in a development server. */
const edit = (what, name) => ({
  name: `an edit of ${what} in ${MONOREPO.toLocaleString("en")} files, in a development server`,
  unit: "ms",
  is: "alone",
  goal: EDIT,
  most: 1,
  async perdure() {
    const files = project(projectSources(MONOREPO));
    const plugin = await vitePlugin(rootOf(files));
    for (const { file, text } of files) await plugin.transform(text, file);
    const texts = new Map(files.map(({ file, text }) => [file, text]));
    const edited = files.filter(({ path }) => path.endsWith(`/${name}.ts`));
    const taken = [];
    for (const each of edited.slice(100, 107)) {
      const text = each.text.replaceAll(/\breturn (.*);$/gm, "return ($1);\n  // edited");
      texts.set(each.file, text);
      writeFileSync(each.file, text);
      taken.push(
        await time(async () => {
          const others = await plugin.update(each.file);
          for (const file of [each.file, ...others]) await plugin.transform(texts.get(file), file);
        }),
      );
    }
    return taken.toSorted((a, b) => a - b)[Math.floor(taken.length / 2)];
  },
});

const etl = join(import.meta.dirname, "../playground/etl");

/** A copy of the playground in which files can be edited. */
function copyOfEtl() {
  mkdirSync(join(etl, "../../node_modules/.cache"), { recursive: true });
  const copy = mkdtempSync(join(etl, "../../node_modules/.cache/perdure-bench-etl-"));
  process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
  for (const each of ["src", "launcher", "package.json"])
    cpSync(join(etl, each), join(copy, each), { recursive: true });
  symlinkSync(join(etl, "../../node_modules"), join(copy, "node_modules"), "junction");
  return copy;
}

async function viteConfig(root, isCompiled) {
  const { default: perdure } = await import("unplugin-perdure/vite");
  return {
    root,
    configFile: false,
    logLevel: "silent",
    plugins: isCompiled ? [perdure({ inspector: false })] : [],
    server: { middlewareMode: true, ws: false },
    // as the plugin sets it: a linked package would be bundled
    ssr: { external: ["perdure"] },
    build: {
      ssr: true,
      target: "node20",
      sourcemap: true,
      rollupOptions: { input: { job: "src/job.ts", launch: "launcher/launch.ts" } },
    },
  };
}

async function viteBuild(isCompiled) {
  const { build: bundle } = await import("vite");
  const root = copyOfEtl();
  for (let turn = 0; turn < 6; turn++) await bundle(await viteConfig(root, turn % 2 === 0));
  return time(async () => bundle(await viteConfig(root, isCompiled)));
}

/** Starts a development server and loads all modules. `edited`: only an edit of one of them is measured, up to its next load. */
async function viteServer(isCompiled, edited) {
  const { createServer } = await import("vite");
  const root = copyOfEtl();
  const load = async (server) => crawl(server, "/src/pipeline.ts");
  const start = async (isCompiled) => {
    const server = await createServer(await viteConfig(root, isCompiled));
    await load(server);
    return server;
  };
  for (let turn = 0; turn < 6; turn++) await (await start(turn % 2 === 0)).close();
  let server;
  const started = await time(async () => (server = await start(isCompiled)));
  const taken = [];
  const text = edited === undefined ? "" : readFileSync(join(root, edited), "utf8");
  if (edited !== undefined)
    for (let turn = 0; turn < 25; turn++) {
      const file = join(root, edited);
      writeFileSync(file, `${text}\nexport const edited = ${turn};\n`);
      taken.push(
        await time(async () => {
          server.watcher.emit("change", file);
          while (!(await server.environments.ssr.transformRequest(`/${edited}`))?.code.includes(`edited = ${turn}`))
            await new Promise((resolve) => setImmediate(resolve));
          await load(server);
        }),
      );
    }
  await server.close();
  return edited === undefined ? started : taken.toSorted((a, b) => a - b)[12];
}

async function crawl(server, url, seen = new Set()) {
  if (seen.has(url)) return;
  seen.add(url);
  const result = await server.environments.ssr.transformRequest(url);
  for (const each of [...(result?.deps ?? []), ...(result?.dynamicDeps ?? [])])
    if (/^\/(?:src|launcher)\//.test(each)) await crawl(server, each, seen);
}

const inVite = (name, measure, goal) => ({
  name,
  units: 1,
  goal,
  limit: () => measure(false),
  perdure: () => measure(true),
});

export const compilerWorkloads = [
  { ...inBuild("transform of 200 files, 10 % with directives", () => projectSources(200), 2), isQuick: true },
  inBuild("transform of 80 files that lead to no directive", irrelevant, undefined),
  inBuild("transform of a file of 3,000 lines", longFile, undefined),
  {
    ...inBuild(
      `transform of ${MONOREPO.toLocaleString("en")} files, 10 % with directives`,
      () => projectSources(MONOREPO),
      2,
    ),
    most: 1,
  },
  edit("tasks", "tasks"),
  edit("a module that workflows lead to", "config"),
  edit("a module that leads to no directive", "view"),
  inVite("Vite build of playground/etl", viteBuild, undefined),
  inVite("Vite development server of playground/etl, start", (isCompiled) => viteServer(isCompiled), undefined),
  inVite(
    "Vite development server of playground/etl, an edit",
    (isCompiled) => viteServer(isCompiled, "src/clean.ts"),
    undefined,
  ),
];
