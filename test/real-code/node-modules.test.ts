import { cpSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { createProject, nodeHost } from "unplugin-perdure";
import { DIRECTIVE_WORDS } from "../../packages/compiler/src/directives/directive.ts";
import { generatedDirectory, writeFiles } from "../directories.ts";
import { compileFile, scriptsOf } from "./build.ts";
import { choices, inject, isLong, type Choice } from "./inject.ts";

const modules = resolve(import.meta.dirname, "../../node_modules");

/** Packages that are installed for other reasons. */
const packages = [
  "@arethetypeswrong/core",
  "@farmfe/core",
  "@rspack/core",
  "@swc/core",
  "@vitest/runner",
  "@vitest/snapshot",
  "@vitest/spy",
  "@vitest/utils",
  "abstract-level",
  "devalue",
  "esbuild-loader",
  "fast-check",
  "isomorphic-git",
  "jose",
  "kysely",
  "magic-string",
  "oauth4webapi",
  "p-queue",
  "publint",
  "rolldown",
  "rollup",
  "tape",
  "terser",
  "ts-loader",
  "tsdown",
  "tsx",
  "undici",
  "unplugin",
  "vite",
  "vitest",
  "webpack",
];

/** The largest file to compile, in characters. Larger ones are bundles of other programs, and take as long as all others together. */
const LARGEST = isLong ? 1_500_000 : 200_000;

test.each<Choice>(choices)(
  "every script of many packages compiles with a directive in %s async function",
  { timeout: 600_000 },
  (choice) => {
    const root = generatedDirectory("modules");
    const count = { files: 0, functions: 0, refused: 0 };
    for (const name of packages) {
      const written = scriptsOf(join(modules, name)).flatMap((file) => {
        const [from, to] = [join(modules, name, file), join(root, name, file)];
        const injected = statSync(from).size > LARGEST ? undefined : inject(readFileSync(from, "utf8"), file, choice);
        if (!injected || injected.all === 0) return [];
        writeFiles(root, { [join(name, file)]: injected.code });
        count.functions += injected.functions;
        return [to];
      });
      cpSync(join(modules, name, "package.json"), join(root, name, "package.json"));
      const project = createProject(nodeHost, DIRECTIVE_WORDS, () => root);
      for (const file of written) {
        const { code, refused } = compileFile(file, root, project);
        count.refused += refused;
        if (code !== undefined) count.files++;
      }
    }
    expect(count.functions).toBeGreaterThan(choice === "every" ? 1500 : 500);
    // most of them write to captured variables, the others have computed names
    expect(count.refused / count.functions).toBeLessThan(0.08);
  },
);
