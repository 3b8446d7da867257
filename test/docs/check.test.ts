import { formatDiagnostic } from "../../packages/compiler/src/diagnostics/diagnostic.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Options } from "unplugin-perdure";
import type { CheckOptions } from "unplugin-perdure/check";
import { expect, test } from "vitest";
import { checkSources, checkTypes } from "../check/project.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/check.md"), "utf8");
const [example = "", inBuild = "", byItself = ""] = [...page.matchAll(/^```ts.*\n([^]*?)^```$/gm)].map(
  ([, text = ""]) => text,
);

test("the example in docs/check.md produces the output on the page", () => {
  const said = /^```text said\n([^]*?)\n```$/m.exec(page)?.[1];
  expect(checkSources({ "src/charge.ts": example }).diagnostics.map(formatDiagnostic)).toEqual([said]);
});

const codes = (cell: string): string[] =>
  [...cell.replaceAll("\\|", "|").matchAll(/``(.*?)``|`(.*?)`/g)].map(([, double, single]) =>
    (double ?? single ?? "").trim(),
  );

test("docs/check.md lists every option of the type check", () => {
  const options: Required<CheckOptions> = {
    tsconfig: "tsconfig.json",
    root: ".",
    classes: [],
    include: [],
    exclude: [],
    directives: {},
  };
  const rows = [...page.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| (?:a tsconfig|where|names|globs|other)/gm)].flatMap(
    ([, names = ""]) => codes(names),
  );
  expect(rows).toEqual(Object.keys(options));
  const plugins: Options[] = [];
  new Function("perdure", inBuild)((given: Options) => plugins.push(given));
  expect(plugins).toEqual([
    { check: true },
    { check: { tsconfig: "tsconfig.app.json", classes: ["Money"] } },
  ] satisfies Options[]);
  expect(byItself).toContain(`from "unplugin-perdure/check"`);
});

test("the type check reports the codes in the table of docs/check.md", () => {
  const rows = [...page.matchAll(/^\| (`.*?) \| ((?:stored|not judged|`[A-Z_]+`).*) \|$/gm)].map(
    ([, types = "", verdict = ""]) => {
      const [names = "", where = ""] = types.split(", where ");
      return {
        types: codes(names),
        classes: codes(where),
        code: codes(verdict).find((each) => /^[A-Z_]+$/.test(each)),
      };
    },
  );
  expect(rows).toHaveLength(12);
  const before = `import type { Socket } from "node:net";`;
  for (const { types, classes, code } of rows) {
    for (const declared of classes.length > 0 ? classes : [""]) {
      expect([
        types,
        checkTypes(types, `${before} ${declared}`).map((said) => said.map((each) => each.code).join()),
      ]).toEqual([types, types.map(() => code ?? "")]);
    }
  }
});
