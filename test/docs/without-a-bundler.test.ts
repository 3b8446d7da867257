import { describe, expect, onTestFinished, test } from "vitest";
import { projectOptions } from "../../packages/compiler/src/adapters/session/project-options.ts";
import { messages } from "@perdure/protocol";
import type { NodeLine } from "../nodes.ts";
import { App } from "../builds/unbundled/app.ts";
import type { Files } from "../builds/unbundled/program.ts";
import { blocksOf, readPage, type Block } from "./page.ts";

const page = readPage("docs/without-a-bundler.md");
const [introduction = "", ...sections] = page.split(/^(?=##+ )/m);

const files = (blocks: readonly Block[]): Files =>
  Object.fromEntries(
    blocks.flatMap(({ lang, info, text }) =>
      /^(?:ts|js|json)$/.test(lang) && /^\S+\.\w+$/.test(info) ? [[info, text]] : [],
    ),
  );
const isShell = ({ lang }: Block): boolean => lang === "sh";
const printed =
  blocksOf(introduction)
    .find(({ info }) => info === "printed")
    ?.text.trim() ?? "";
const program = files(blocksOf(introduction));

/** The commands of each section, once for each version of Node that it names. */
const runs = sections.flatMap((section) => {
  const title = /^##+ (.*)/.exec(section)?.[1] ?? "";
  return blocksOf(section)
    .filter(isShell)
    .flatMap(({ info, text }) =>
      linesOf(info).map((line) => ({
        name: `${title}, Node ${line}`,
        line,
        commands: text.trim().split("\n"),
        files: { ...program, ...files(blocksOf(section)) },
      })),
    );
});

function linesOf(info: string): NodeLine[] {
  const named = new Set(info.match(/\d+/g) ?? ["20"]);
  return ([20, 22, 24] as const).filter((line) => named.has(String(line)));
}

test("docs/without-a-bundler.md has commands for each way to run a program", () => {
  expect(runs.map(({ name }) => name)).toEqual([
    "Build with perdure-tsc, Node 20",
    "Build with tspc of ts-patch, Node 20",
    "Run without a build, Node 22",
    "Run without a build, Node 24",
    "Run with tsx, Node 20",
    "Run with tsx, Node 22",
    "Run with tsx, Node 24",
    "Run JavaScript, Node 20",
    "Run JavaScript, Node 22",
    "Run JavaScript, Node 24",
  ]);
});

describe("the commands in docs/without-a-bundler.md", () => {
  test.each(runs.map((run) => [run.name, run] as const))(
    "the documented commands work: %s",
    async (_, { line, commands, files: own }) => {
      const app = await App.create(line, own);
      const outputs: string[] = [];
      for (const command of commands) outputs.push(await app.shell(command).exits(0));
      expect(outputs.at(-1)?.trim().split("\n").at(-1)).toBe(printed);
    },
  );
});

test("the documented commands of perdure-tsc work with TypeScript 7, too", async () => {
  const [first] = runs;
  const app = await App.create(20, first?.files ?? {}, { typescript: "typescript-7" });
  const outputs: string[] = [];
  for (const command of first?.commands ?? []) outputs.push(await app.shell(command).exits(0));
  expect(outputs.at(-1)).toContain(printed);
});

test("the documented options in package.json are read", async () => {
  const block = blocksOf(page).find(({ info }) => info === "package.json options");
  const app = await App.create(20, { "package.json": block?.text ?? "" });
  const before = process.env["PERDURE_ROOT"];
  onTestFinished(
    () => void (before === undefined ? delete process.env["PERDURE_ROOT"] : (process.env["PERDURE_ROOT"] = before)),
  );
  delete process.env["PERDURE_ROOT"];
  expect(projectOptions(app.root)).toEqual({
    root: app.root,
    directives: { task: "use durable task", workflow: "use durable workflow" },
    warnings: { UNAWAITED_CALL: "error" },
    manifest: "durable.json",
    packages: ["@acme/jobs"],
  });
});

test("the codes in docs/without-a-bundler.md exist", () => {
  const table = page.slice(page.indexOf("## What is checked"));
  const codes = [...table.matchAll(/`([A-Z_]{4,})`/g)].map(([, code = ""]) => code);
  expect(codes).toEqual(["NOT_COMPILED", "CALLEE_NOT_COMPILED", "REGISTER_BYPASSED"]);
  expect(codes.filter((code) => !(code in messages))).toEqual([]);
});

test("the links in docs/without-a-bundler.md lead to headings", () => {
  const headings = sections.map((section) => (/^##+ (.*)/.exec(section)?.[1] ?? "").toLowerCase().replaceAll(" ", "-"));
  const links = [...page.matchAll(/\]\(#([^)]*)\)/g)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(0);
  expect(links.filter((link) => !headings.includes(link))).toEqual([]);
});
