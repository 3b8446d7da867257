import { build as bundle, type BuildOptions } from "esbuild";
import perdure from "unplugin-perdure/esbuild";
import perdureVite from "unplugin-perdure/vite";
import { build } from "vite";
import { resolve } from "node:path";
import { node, type Project } from "./project.ts";

/** A way to build and run a program. */
export interface Host {
  /** Builds `src/main.ts`, runs it in a process of its own and returns its output. */
  readonly run: (project: Project) => Promise<string>;
  /** Whether the names of functions may be lost. */
  readonly nameless?: boolean;
}

const esbuildOptions = ({ root, path }: Project): BuildOptions => ({
  absWorkingDir: root,
  outdir: path("dist"),
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  logLevel: "silent",
  plugins: [perdure()],
});

/** A program that loads `/src/main.ts` through a development server, in one of two ways. */
const devServer = (load: string): string => `
import { createServer, createServerModuleRunner } from "vite";
import perdure from "unplugin-perdure/vite";
const server = await createServer({
  configFile: false, root: import.meta.dirname, plugins: [perdure()], appType: "custom", logLevel: "silent",
  server: { middlewareMode: true, ws: false }, optimizeDeps: { noDiscovery: true },
});
${load}
await server.close();
`;

const vitestConfig = `
import perdure from "unplugin-perdure/vite";
export default { plugins: [perdure()], test: { include: ["*.test.ts"], testTimeout: 60_000, disableConsoleIntercept: true } };
`;

const bin = (file: string): string => resolve(import.meta.dirname, "../../node_modules", file);

/** A row for each way to build. */
export const hosts: Readonly<Record<string, Host>> = {
  "esbuild, one file": {
    async run(project) {
      await bundle({ ...esbuildOptions(project), entryPoints: ["src/main.ts"], bundle: true, packages: "external" });
      return node(project, "--enable-source-maps", "dist/main.js");
    },
  },
  "esbuild, file by file": {
    async run(project) {
      await bundle({ ...esbuildOptions(project), entryPoints: ["src/*.ts"] });
      return node(project, "--enable-source-maps", "dist/main.js");
    },
  },
  "esbuild, minified": {
    nameless: true,
    async run(project) {
      await bundle({
        ...esbuildOptions(project),
        entryPoints: ["src/main.ts"],
        bundle: true,
        packages: "external",
        minify: true,
      });
      return node(project, "--enable-source-maps", "dist/main.js");
    },
  },
  "vite build": {
    async run(project) {
      await build({
        configFile: false,
        root: project.root,
        logLevel: "silent",
        plugins: [perdureVite()],
        build: { ssr: "src/main.ts", outDir: "dist", sourcemap: true },
      });
      return node(project, "--enable-source-maps", "dist/main.js");
    },
  },
  "vite dev, ssrLoadModule": {
    run: (project) =>
      node(
        project,
        "--enable-source-maps",
        project.write("dev.mjs", devServer(`await server.ssrLoadModule("/src/main.ts");`)),
      ),
  },
  "vite dev, module runner": {
    run: (project) =>
      node(
        project,
        project.write(
          "dev.mjs",
          devServer(`await createServerModuleRunner(server.environments.ssr, { hmr: false }).import("/src/main.ts");`),
        ),
      ),
  },
  vitest: {
    run(project) {
      project.write(
        "main.test.ts",
        `import { test } from "vitest";\ntest("stacks", async () => { await import("./src/main.js"); });\n`,
      );
      project.write("vitest.config.mjs", vitestConfig);
      return node(project, bin("vitest/vitest.mjs"), "run");
    },
  },
};
