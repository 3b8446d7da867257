import { messages } from "@perdure/protocol";
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkForBrowser } from "../../packages/compiler/src/compile/browser.ts";
import { CompileError } from "../../packages/compiler/src/compile/compile-error.ts";
import { lostDirectives, lostInComponent } from "../../packages/compiler/src/compile/lost-directives.ts";
import { notCompiled } from "../../packages/compiler/src/compile/not-compiled.ts";
import { checkMessages } from "../../packages/compiler/src/diagnostics/check-messages.ts";
import { formatDiagnostic, type Diagnostic } from "../../packages/compiler/src/diagnostics/diagnostic.ts";
import { diagnosticMessages } from "../../packages/compiler/src/diagnostics/messages.ts";
import { DIRECTIVE_WORDS, type DirectiveWords } from "../../packages/compiler/src/directives/directive.ts";
import { createProject } from "../../packages/compiler/src/project/project.ts";
import { checkFiles, tsconfig } from "../../packages/compiler/test/check/check-project.ts";
import {
  assertParses,
  compileFile,
  memoryHost,
  notFollowed,
  root as memoryRoot,
  type Files,
} from "../../packages/compiler/test/execute.ts";
import { blocksOf, filesOf, readPage, root, rowsOf, type Block } from "./page.ts";

const folder = "docs/diagnostics";
const update = process.env["UPDATE"] === "1";

const codes = Object.keys(diagnosticMessages);
const pages = readdirSync(join(root, folder)).filter((file) => file !== "README.md");
const pageOf = (code: string): string => `${folder}/${code}.md`;

test("every diagnostic code has a page, and every page has a code", () => {
  expect(
    codes
      .filter((code) => !pages.includes(`${code}.md`))
      .map((code) => `add ${pageOf(code)}, in the form of the other pages`),
  ).toEqual([]);
  expect(
    pages
      .filter((page) => !codes.includes(page.replace(/\.md$/, "")))
      .map((page) => `remove ${folder}/${page}: there is no such code`),
  ).toEqual([]);
});

/** The directive words in the info string of a block, such as `ts fixed workflow="use durable workflow"`. */
function wordsOf({ info }: Block): Partial<DirectiveWords> {
  const word = (kind: string): string | undefined => new RegExp(`\\b${kind}="([^"]*)"`).exec(info)?.[1];
  const [task, workflow] = [word("task"), word("workflow")];
  return { ...(task !== undefined && { task }), ...(workflow !== undefined && { workflow }) };
}

interface Compiled {
  readonly diagnostics: readonly Diagnostic[];
  /** The names of the tasks and workflows in the files. */
  readonly durable: readonly string[];
}

/** The diagnostics that are not reported by compiling the block. */
const others: Readonly<Partial<Record<string, (files: Files) => readonly Diagnostic[]>>> = {
  BROWSER_IMPORT: (files) =>
    Object.keys(files).flatMap((name) =>
      caught(() =>
        checkForBrowser(files[name] ?? "", {
          id: `${memoryRoot}/${name}`,
          root: memoryRoot,
          importers: importersIn(files),
        }),
      ),
    ),
  IMPORT_NOT_FOLLOWED: notFollowed,
  COMPONENT_NOT_COMPILED: (files) =>
    Object.keys(files).flatMap(
      (name) => lostInComponent({ id: `${memoryRoot}/${name}`, root: memoryRoot, host: memoryHost(files) }) ?? [],
    ),
  DIRECTIVE_LOST: (files) =>
    Object.keys(files).flatMap(
      (name) =>
        lostDirectives((files[name] ?? "").replace(/"use .*;/, ""), {
          id: `${memoryRoot}/${name}`,
          root: memoryRoot,
          host: memoryHost(files),
        }) ?? [],
    ),
  IMPORT_NOT_COMPILED: (files) => {
    const host = memoryHost(withoutNames(files));
    const resolve = (specifier: string, importer: string): string | undefined =>
      specifier === "@acme/jobs" ? `${memoryRoot}/node_modules/@acme/jobs/index.ts` : host.resolve(specifier, importer);
    const project = createProject({ ...host, resolve }, DIRECTIVE_WORDS, () => memoryRoot);
    const build = { root: memoryRoot, host: memoryHost(files), project, warnings: {} };
    const isInstalled = (file: string): boolean => file.includes("node_modules");
    return notCompiled(`${memoryRoot}/src/order.ts`, {
      ...build,
      includes: isInstalled,
      chooses: (file) => !isInstalled(file),
      isCompiled: (file) => !isInstalled(file),
    });
  },
  ...Object.fromEntries(
    Object.keys(checkMessages).map((code) => [
      code,
      (files: Files) => checkFiles({ "tsconfig.json": tsconfig(), ...withoutNames(files) }).diagnostics,
    ]),
  ),
};

function caught(run: () => void): readonly Diagnostic[] {
  try {
    run();
    return [];
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics;
    throw error;
  }
}

const importersIn = (files: Files) => {
  const project = createProject(memoryHost(files), DIRECTIVE_WORDS, () => memoryRoot);
  return (path: string): string[] =>
    Object.keys(files)
      .map((name) => `${memoryRoot}/${name}`)
      .filter((each) => project.imports(each).includes(path));
};

/** Removes the comments with file names from JSON files. */
const withoutNames = (files: Files): Files =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, name.endsWith(".json") ? text.replace(/^.*\n/, "") : text]),
  );

/** Compiles every file of the block, as a build would. */
function compileBlock(block: Block): Compiled {
  const files = Object.fromEntries(Object.entries(filesOf(block)).filter(([name]) => !name.endsWith(".json")));
  const compiled = Object.keys(files).map((name): Compiled => {
    try {
      const result = compileFile(files, name, { directives: wordsOf(block) });
      assertParses(result?.code ?? files[name] ?? "", name);
      const durable = result?.info.functions.filter(({ kind }) => kind !== "helper") ?? [];
      return { diagnostics: result?.diagnostics ?? [], durable: durable.map((each) => each.name) };
    } catch (error) {
      if (error instanceof CompileError) return { diagnostics: error.diagnostics, durable: [] };
      throw error;
    }
  });
  return {
    diagnostics: compiled.flatMap(({ diagnostics }) => diagnostics),
    durable: compiled.flatMap(({ durable }) => durable),
  };
}

describe.each(codes.filter((code) => pages.includes(`${code}.md`)))("the page of %s", (code) => {
  const page = readPage(pageOf(code));
  const blocks = blocksOf(page);
  const block = (which: string): Block => {
    const [found, ...more] = blocks.filter(({ lang, info }) => `${lang} ${info}`.startsWith(which));
    if (!found || more.length > 0) throw new Error(`${pageOf(code)} has to have one block \`\`\`${which}`);
    return found;
  };

  test("the page has the required title and sections", () => {
    const headings = [...page.matchAll(/^#+ .*$/gm)].map(([heading]) => heading);
    const isWarning = Object.entries(diagnosticMessages).some(
      ([each, { severity }]) => each === code && severity === "warning",
    );
    expect(headings).toEqual([
      `# ${code}`,
      "## Why",
      "## Wrong",
      "## Fixed",
      ...(isWarning ? ["## When to ignore it"] : []),
    ]);
  });

  test("the wrong program produces only this diagnostic, with the text on the page", () => {
    const wrong = block("ts wrong");
    const diagnostics = others[code]?.(filesOf(wrong)) ?? compileBlock(wrong).diagnostics;
    expect([...new Set(diagnostics.map((each) => each.code))]).toEqual([code]);
    const said = `${diagnostics.map(formatDiagnostic).join("\n\n")}\n`;
    const quoted = block("text").text;
    if (update)
      writeFileSync(
        join(root, pageOf(code)),
        page.replace(`\`\`\`text\n${quoted}\`\`\``, () => `\`\`\`text\n${said}\`\`\``),
      );
    else expect(quoted).toBe(said);
  });

  test("the fixed program produces no diagnostics and is durable", () => {
    const { diagnostics, durable } = compileBlock(block("ts fixed"));
    expect(diagnostics.map(formatDiagnostic)).toEqual([]);
    // the other diagnostics depend on the build, not on the program
    if (code in checkMessages) expect(others[code]?.(filesOf(block("ts fixed")))).toEqual([]);
    expect(durable).not.toEqual([]);
  });
});

test("the table in docs/diagnostics lists every code once with its severity", () => {
  const rows = rowsOf(readPage(`${folder}/README.md`)).map(([link = "", severity = ""]) => `${link} ${severity}`);
  const expected = Object.entries(diagnosticMessages).map(
    ([code, { severity }]) => `[${code}](${code}.md) ${severity}`,
  );
  expect(rows.toSorted()).toEqual(expected.toSorted());
});

test("docs/messages.md lists every message of the runtime once with a cause and a fix", () => {
  const rows = rowsOf(readPage("docs/messages.md"));
  expect(rows.map(([code]) => code).toSorted()).toEqual(
    Object.keys(messages)
      .map((code) => `\`${code}\``)
      .toSorted(),
  );
  expect(rows.filter((cells) => cells.length !== 3 || cells.includes(""))).toEqual([]);
});

/** The paths of the files in the published package. */
function packedFiles(directory: string): string[] {
  const listing = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: directory,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return [...listing.matchAll(/"path": "([^"]*)"/g)].map(([, path = ""]) => path);
}

// the pages are shipped with the packages, so that everyone who sees a code can read them offline
test.each([
  ["compiler", "dist/diagnostics/README.md", [...codes, "README"].map((code) => `dist/diagnostics/${code}.md`)],
  ["runtime", "dist/messages.md", ["dist/messages.md"]],
])("the package of the %s contains the diagnostic pages, and its README links to them", (name, index, wanted) => {
  const directory = join(root, "packages", name);
  const packed = packedFiles(directory);
  expect(
    [...wanted, "README.md"].filter((path) => !packed.includes(path)),
    "not in the package; npm run build puts the pages into dist",
  ).toEqual([]);
  expect(readPage(`packages/${name}/README.md`)).toContain(`](${index})`);
});
