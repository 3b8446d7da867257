import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { valuesOf } from "../../packages/compiler/src/adapters/session/project-options.ts";
import { temporaryDirectory, writeFiles } from "../directories.ts";
import { blocksOf, readPage, root } from "./page.ts";

const page = readPage("docs/editors.md");
const block = (info: string): string => blocksOf(page).find((each) => each.info === info)?.text ?? "";

test("the tsconfig.json in docs/editors.md names an entry point that tsserver finds, and the settings are JSON", () => {
  const { compilerOptions } = JSON.parse(block("tsconfig.json"));
  const [{ name }] = compilerOptions.plugins;
  const directory = name.replace("unplugin-perdure", "packages/compiler");
  const { main } = JSON.parse(readPage(`${directory}/package.json`));
  expect(readPage(join(directory, main))).toContain("module.exports");
  expect(Object.keys(JSON.parse(block(".vscode/settings.json")))).toHaveLength(3);
});

test("the options in docs/editors.md are right", () => {
  const options = JSON.parse(block("options"));
  const { name: _name, ...given } = options;
  expect(valuesOf(options, "the plugin", ["name"])).toMatchObject(given);
});

test("oxlint with the rules in docs/editors.md says what is on the page", () => {
  const directory = temporaryDirectory("lint");
  writeFiles(directory, { ".oxlintrc.json": block(".oxlintrc.json"), "src/order.ts": block("src/order.ts") });
  const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
  const options = { cwd: directory, encoding: "utf8" } as const;
  const { stdout } = spawnSync(process.execPath, [oxlint, "--format", "unix", "src"], options);
  expect(stdout).toContain(block("said"));
  expect(stdout).toContain("\n1 problem\n");
});
