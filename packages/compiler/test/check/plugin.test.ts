import { build as esbuild, context, type BuildOptions } from "esbuild";
import { existsSync } from "node:fs";
import { rolldown } from "rolldown";
import { rspack } from "@rspack/core";
import { rollup } from "rollup";
import { build, createLogger, createServer, type InlineConfig, type Rolldown } from "vite";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import webpack from "webpack";
import { BackgroundCheck } from "../../src/adapters/session/background-check.ts";
import { unplugin } from "../../src/adapters/unplugin/unplugin.ts";
import type { Options } from "../../src/index.ts";
import { fakeRuntime, type TemporaryProject } from "../temporary-project.ts";
import { tsconfig, typescriptProject } from "./check-project.ts";

const bad = `export async function open() {\n  "use task";\n  return { close() {} };\n}\nexport async function wait() {\n  "use task";\n  return Promise.all([{ done: Symbol() }]);\n}\n`;
const good = `export async function open() {\n  "use task";\n  return { at: new Date() };\n}\n`;
const warned = `export class Row { id = 1 }\nexport async function read() {\n  "use task";\n  return new Row();\n}\n`;

const projectOf = (source: string): TemporaryProject =>
  typescriptProject({ "tsconfig.json": tsconfig({ allowJs: true }), "src/main.js": source, ...fakeRuntime });
const errors =
  /src\/main\.js:1:23 error: open returns \.close: a function[^]*> 1 \| [^]*\(RESULT_NOT_STORABLE\)[^]*src\/main\.js:5:23 error: wait returns \[0\]\.done: a symbol/;

describe("the type check in vite", () => {
  const config = ({ root, path }: TemporaryProject, options: Options, warnings: string[] = []): InlineConfig => {
    const customLogger = createLogger("silent");
    customLogger.warn = (text) => void warnings.push(text);
    return {
      root,
      configFile: false,
      logLevel: "silent",
      customLogger,
      plugins: [unplugin.vite(options)],
      build: {
        ssr: path("src/main.js"),
        outDir: path("dist"),
        // of a plugin that takes seconds, as on a busy machine
        rolldownOptions: { checks: { pluginTimings: false } },
      },
    };
  };

  test("a vite build with check fails with every error and writes nothing", async () => {
    const project = projectOf(bad);
    await expect(build(config(project, { check: true }))).rejects.toThrow(errors);
    expect(existsSync(project.path("dist"))).toBe(false);
    await build(config(project, {}));
    expect(existsSync(project.path("dist"))).toBe(true);
  });

  test("a vite build with check passes with warnings", async () => {
    const warnings: string[] = [];
    await build(config(projectOf(warned), { check: true }, warnings));
    expect(warnings.join()).toContain("src/main.js:2:23 warning: read returns Row (a class that is not registered)");
    await build(config(projectOf(warned), { check: { classes: ["Row"] } }, ((warnings.length = 0), warnings)));
    expect(warnings).toEqual([]);
  });

  test("the levels of warnings hold for the check", async () => {
    const levels = (level: "off" | "error"): Options => ({ check: true, warnings: { CLASS_NOT_REGISTERED: level } });
    const warnings: string[] = [];
    await build(config(projectOf(warned), levels("off"), warnings));
    expect(warnings.join()).not.toContain("CLASS_NOT_REGISTERED");
    await expect(build(config(projectOf(warned), levels("error")))).rejects.toThrow("CLASS_NOT_REGISTERED");
  });

  test("a vite build with check reports an invalid tsconfig", async () => {
    await expect(build(config(projectOf(good), { check: { tsconfig: "config/tsconfig.json" } }))).rejects.toThrow(
      /Cannot read file 'config\/tsconfig\.json'[^]*TSCONFIG_INVALID/,
    );
  });

  test("a vite build does not check excluded files or files with other directive words", async () => {
    await build(config(projectOf(bad), { check: true, exclude: [/main/] }));
    await build(config(projectOf(bad), { check: true, directives: { task: "use durable task" } }));
  });

  test("a vite build that fails anyway does not wait for the check", async () => {
    await expect(build(config(projectOf(`${bad}\nimport "./missing.js";`), { check: true }))).rejects.not.toThrow(
      "RESULT_NOT_STORABLE",
    );
  });

  test("vite's development server does not run the check", async () => {
    const start = vi.spyOn(BackgroundCheck.prototype, "start");
    onTestFinished(() => start.mockRestore());
    const dev = config(projectOf(bad), { check: { watch: true } });
    const server = await createServer({
      ...dev,
      server: { middlewareMode: true, ws: false },
      appType: "custom",
      optimizeDeps: { noDiscovery: true },
    });
    await server.ssrLoadModule("/src/main.js");
    await server.close();
    expect(start).not.toHaveBeenCalled();
    await build(config(projectOf(good), { check: true }));
    expect(start).toHaveBeenCalledOnce();
  });

  test("a vite build in watch mode runs the check only with check.watch", async () => {
    const outcome = async (check: NonNullable<Options["check"]>): Promise<string> => {
      const project = projectOf(bad);
      const { build: output, ...rest } = config(project, { check });
      const watcher = (await build({ ...rest, build: { ...output, watch: {} } })) as Rolldown.RolldownWatcher;
      onTestFinished(() => watcher.close());
      return new Promise((resolve) =>
        watcher.on("event", (event) =>
          event.code === "ERROR" ? resolve(event.error.message) : event.code === "END" ? resolve("built") : undefined,
        ),
      );
    };
    expect(await outcome(true)).toBe("built");
    expect(await outcome({ watch: true })).toMatch(errors);
  });
});

describe("the type check in esbuild", () => {
  const config = ({ root, path }: TemporaryProject, options: Options): BuildOptions => ({
    absWorkingDir: root,
    entryPoints: [path("src/main.js")],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: path("dist/main.js"),
    external: ["perdure"],
    logLevel: "silent",
    plugins: [unplugin.esbuild(options)],
  });

  test("an esbuild build with check fails with locations and source lines", async () => {
    await expect(esbuild(config(projectOf(bad), { check: true }))).rejects.toMatchObject({
      errors: [
        {
          text: "open returns .close: a function, which cannot be stored (RESULT_NOT_STORABLE)",
          location: { file: "src/main.js", line: 1, column: 22, length: 4, lineText: "export async function open() {" },
        },
        { location: { line: 5, lineText: "export async function wait() {" } },
      ],
    });
  });

  test("an esbuild build with check passes with warnings", async () => {
    expect(await esbuild(config(projectOf(warned), { check: true }))).toMatchObject({
      errors: [],
      warnings: [{ location: { line: 2, column: 22 }, notes: [{ text: expect.stringContaining("register") }] }],
    });
    expect(await esbuild(config(projectOf(good), { check: true }))).toMatchObject({ errors: [], warnings: [] });
  });

  test("an esbuild rebuild runs the check only with check.watch", async () => {
    const rebuilt = async (check: NonNullable<Options["check"]>): Promise<unknown> => {
      const project = projectOf(good);
      const watching = await context(config(project, { check }));
      onTestFinished(() => watching.dispose());
      await watching.rebuild();
      project.write("src/main.js", bad);
      return watching.rebuild();
    };
    await expect(rebuilt(true)).resolves.toMatchObject({ errors: [] });
    await expect(rebuilt({ watch: true })).rejects.toThrow("open returns .close: a function");
  });
});

describe("the type check in other bundlers", () => {
  const options: Options = { check: true };

  test.each(["rollup", "rolldown"] as const)("a %s build with check fails with every error", async (name) => {
    const project = projectOf(bad);
    const input = { input: project.path("src/main.js"), external: /^perdure/ };
    const root = { ...options, root: project.root };
    const bundling =
      name === "rollup"
        ? rollup({ ...input, plugins: [unplugin.rollup(root)] })
        : rolldown({ ...input, plugins: [unplugin.rolldown(root)] }).then((bundle) => bundle.generate());
    await expect(bundling).rejects.toThrow(errors);
  });

  test.each(["webpack", "rspack"] as const)(
    "a %s build with check reports every error and emits nothing",
    async (name) => {
      const project = projectOf(`${bad}${warned}`);
      const config = {
        mode: "production",
        context: project.root,
        entry: project.path("src/main.js"),
        output: { path: project.path("dist") },
        externals: /^perdure/,
        target: "node",
      } as const;
      const root = { ...options, root: project.root };
      const compiler =
        name === "webpack"
          ? webpack({ ...config, plugins: [unplugin.webpack(root)] })
          : rspack({ ...config, plugins: [unplugin.rspack(root)] });
      const stats = await new Promise<{ errors?: { message: string }[]; warnings?: { message: string }[] }>(
        (resolve, reject) =>
          compiler.run((error: Error | null, result?: { toJson(): object }) =>
            error ? reject(error) : resolve(result?.toJson() ?? {}),
          ),
      );
      expect(stats.errors?.map(({ message }) => message).join("\n")).toMatch(errors);
      expect(stats.warnings?.map(({ message }) => message).join("\n")).toContain("read returns Row");
      expect(existsSync(project.path("dist"))).toBe(false);
    },
  );
});
