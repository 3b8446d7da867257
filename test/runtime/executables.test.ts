import { expect, onTestFinished, test } from "vitest";
import { settingsOf } from "../../packages/runtime/src/config/settings.ts";
import { Executables } from "../../packages/runtime/src/definitions/executables.ts";
import { modules, register, workflows } from "../../packages/runtime/src/definitions/registry.ts";
import { findWorkflow } from "../../packages/runtime/src/definitions/workflows.ts";
import type { WorkflowDefinition } from "../../packages/runtime/src/definitions/definition.ts";
import { Renames } from "../../packages/runtime/src/renames/renames.ts";

const FILES = ["a.ts", "b.ts", "c.ts", "old.ts", "new.ts", "elsewhere.ts"];
const NAMES = ["order", "purchase", "ship", "bill", "none"];

/** Loads workflows, given as `file#name`. */
function load(...places: string[]): void {
  for (const [file, all] of grouped(places)) {
    const module = { file, hash: file, functions: [], sites: [], imports: [] } as never;
    const found = all.map((place) => {
      const info = { kind: "workflow", recoverable: true, name: place.split("#")[1] };
      return { info, module, key: place, fn: () => Promise.resolve() } as unknown as WorkflowDefinition;
    });
    register(module, found);
  }
  onTestFinished(() => {
    modules.clear();
    workflows.clear();
  });
}

function grouped(places: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const place of places) {
    const file = place.split("#")[0] ?? "";
    found.set(file, [...(found.get(file) ?? []), place]);
  }
  return found;
}

/** What `findWorkflow` finds, for each recorded name and file. */
function expected(renames: Renames, wanted: readonly string[]): string[] {
  return NAMES.flatMap((name) =>
    FILES.filter((file) => {
      try {
        const found = findWorkflow({ name, file }, renames);
        return found && (wanted.includes(found.info.name) || wanted.includes(name));
      } catch {
        return false;
      }
    }).map((file) => `${file}#${name}`),
  );
}

test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
  ["one module", ["a.ts#order"], {}],
  ["a name in two files", ["a.ts#order", "b.ts#order", "b.ts#ship"], {}],
  ["a renamed workflow", ["a.ts#order", "b.ts#ship"], { purchase: "order" }],
  ["a renamed workflow of two files", ["a.ts#order", "b.ts#order"], { purchase: "order" }],
  ["a moved workflow", ["new.ts#order", "a.ts#order"], { "old.ts#order": "new.ts#order" }],
  ["a moved and renamed workflow", ["new.ts#order", "c.ts#purchase"], { "old.ts#purchase": "new.ts#order" }],
  ["two renames", ["a.ts#ship", "b.ts#ship"], { purchase: "order", "b.ts#order": "b.ts#ship" }],
])("what a store is asked for is what findWorkflow finds: %s", (_, places, given) => {
  load(...places);
  const renames = new Renames(given);
  const executables = new Executables({ ...settingsOf({}), renames });
  for (const wanted of [["order", "ship"], ["order"], ["ship"], []]) {
    const described = executables.of(wanted, true);
    const isDescribed = (name: string, file: string): boolean =>
      described.some(
        (each) => each.workflow === name && (each.file ?? file) === file && !each.notFiles?.includes(file),
      );
    const found = NAMES.flatMap((name) =>
      FILES.filter((file) => isDescribed(name, file)).map((file) => `${file}#${name}`),
    );
    expect(found, wanted.join(" ")).toEqual(expected(renames, wanted));
  }
});

test("names of which it is not clear which workflow is meant are known", () => {
  load("a.ts#order", "b.ts#order", "b.ts#ship");
  const executables = new Executables(settingsOf({}));
  expect(executables.ambiguous(["order", "ship"])).toEqual(["order"]);
  expect(executables.of(["order"], false).map(({ notBlockedUnder }) => typeof notBlockedUnder)).toEqual([
    "string",
    "string",
  ]);
});
