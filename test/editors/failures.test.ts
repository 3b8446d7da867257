import ts from "typescript";
import { expect, test } from "vitest";
import init from "unplugin-perdure/typescript-plugin";

const name = "/app/main.ts";
const text = `export async function f(id: string) {\n  "use task: retires=3";\n  return id + g;\n}\n`;

/** A language service for one file, with the project around it as the plugin sees it. */
function service(
  logged: string[],
  broken: Partial<ts.LanguageService>,
): [own: ts.LanguageService, plugin: ts.LanguageService] {
  const own = ts.createLanguageService({
    getCompilationSettings: () => ({ noLib: true, types: [] }),
    getScriptFileNames: () => [name],
    getScriptVersion: () => "1",
    getScriptSnapshot: (path) => (path === name ? ts.ScriptSnapshot.fromString(text) : undefined),
    getCurrentDirectory: () => "/app",
    getDefaultLibFileName: () => "lib.d.ts",
    fileExists: (path) => path === name,
    readFile: (path) => (path === name ? text : undefined),
  });
  const info = {
    config: {},
    languageService: { ...own, ...broken },
    serverHost: { readFile: () => text, getModifiedTime: () => new Date(0) },
    project: {
      getCurrentDirectory: () => "/app",
      projectService: { getScriptInfo: () => undefined, logger: { info: (line: string) => void logged.push(line) } },
    },
  };
  return [own, init({ typescript: ts as never }).create(info as never) as unknown as ts.LanguageService];
}

const at = text.indexOf("id + g");

/** What an editor asks, about a place where there is no directive. */
const questions: Readonly<Record<string, (from: ts.LanguageService) => unknown>> = {
  diagnostics: (from) => from.getSemanticDiagnostics(name).map((each) => each.messageText),
  completion: (from) => from.getCompletionsAtPosition(name, at, {})?.entries.map((each) => each.name),
  details: (from) =>
    from.getCompletionEntryDetails(name, at, "id", undefined, undefined, undefined, undefined)?.displayParts,
  hover: (from) => from.getQuickInfoAtPosition(name, at)?.displayParts,
  definition: (from) => from.getDefinitionAtPosition(name, at)?.map((each) => each.textSpan),
  "definition and span": (from) => from.getDefinitionAndBoundSpan(name, at)?.textSpan,
  fixes: (from) => from.getCodeFixesAtPosition(name, at, at, [2304, 92_000], {}, {}).map((each) => each.description),
};

test("the plugin adds a message to those of TypeScript", () => {
  const [own, plugin] = service([], {});
  expect(plugin.getSemanticDiagnostics(name)).toHaveLength(own.getSemanticDiagnostics(name).length + 1);
});

test.each(Object.entries(questions))(
  "an error in the plugin leaves TypeScript's answer as it is, and is logged: %s",
  (_, ask) => {
    const logged: string[] = [];
    const [own, plugin] = service(logged, {
      getProgram: () => {
        throw new Error("it broke");
      },
    });
    expect(ask(plugin)).toEqual(ask(own));
    expect(ask(own)).toBeDefined();
    expect(logged.join("\n")).toMatch(/^perdure: Error: it broke\n\s+at /);
  },
);

test("questions that the plugin does not answer reach TypeScript", () => {
  const [own, plugin] = service([], {});
  expect(plugin.getNavigationTree(name)).toEqual(own.getNavigationTree(name));
  expect(Object.keys(plugin)).toEqual(expect.arrayContaining(Object.keys(own)));
});
