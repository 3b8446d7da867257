import { describe, expect, test } from "vitest";
import { ancestorsOf, expandableKeys, rowsOf } from "../../page/src/model/rows.ts";
import { stepStatus, StepTree, type TreeNode } from "../../page/src/model/tree.ts";
import { stepAt } from "./steps.ts";

const outline = ({ children }: TreeNode): unknown[] =>
  children.map((child) => (child.children.length > 0 ? [child.text, outline(child)] : child.text));

const labels = (tree: StepTree, collapsed: readonly string[] = []): string[] =>
  rowsOf(tree.root, new Set(collapsed)).map(({ level, texts }) => `${"  ".repeat(level - 1)}${texts.join("/")}`);

describe("the tree of steps", () => {
  test("steps stand in their scopes, in the order of their begins", () => {
    const tree = new StepTree();
    tree.put([
      stepAt("for[0]/save[0]", { startedAt: 5, finishedAt: 9 }),
      stepAt("for[0]/fetch[0]", { startedAt: 1, finishedAt: 4 }),
      stepAt("first[0]", { startedAt: 0, finishedAt: 20 }),
    ]);
    expect(outline(tree.root)).toEqual(["first[0]", ["for[0]", ["fetch[0]", "save[0]"]]]);
  });

  test("branches that begin together are in the order of their numbers", () => {
    const tree = new StepTree();
    tree.put(["a[10]", "a[2]", "a[1]"].map((path) => stepAt(path)));
    expect(outline(tree.root)).toEqual(["a[1]", "a[2]", "a[10]"]);
  });

  test("a step that a task called stands in the step of the task, whichever comes first", () => {
    const tree = new StepTree();
    tree.put([stepAt("import[0]//fetch[0]", { outer: "import[0]" })]);
    expect(tree.get("import[0]")?.step).toBeUndefined();
    tree.put([stepAt("import[0]", { startedAt: 0, finishedAt: 30 })]);
    expect(outline(tree.root)).toEqual([["import[0]", ["/fetch[0]"]]]);
    expect(tree.get("import[0]")).toMatchObject({ steps: 2, step: { id: "import[0]" } });
    expect(tree.get("import[0]//fetch[0]")?.step?.outer).toBe("import[0]");
  });

  test("a scope knows how long it took and what is in it, also after steps have been added to branches that are new", () => {
    const tree = new StepTree();
    tree.put([stepAt("for[0]/a[0]", { startedAt: 10, finishedAt: 20 })]);
    expect(tree.root).toMatchObject({ from: 10, to: 20, steps: 1 });
    tree.put([stepAt("for[1]/helper[0]/a[0]", { startedAt: 25, finishedAt: 40, state: "failed" })]);
    tree.put([stepAt("for[1]/helper[0]/b[0]", { startedAt: 26, state: "open" })]);
    expect(tree.root).toMatchObject({ from: 10, to: 40, steps: 3, failed: 1, open: 1 });
    expect(tree.get("for[1]")).toMatchObject({ from: 25, steps: 2, failed: 1, open: 1 });
    expect(tree.get("for[0]")).toMatchObject({ steps: 1, failed: 0 });
  });

  test("an open step becomes a finished one", () => {
    const tree = new StepTree();
    tree.put([stepAt("a[0]", { state: "open" })]);
    tree.put([stepAt("a[0]", { seq: 1 })]);
    expect(tree.root).toMatchObject({ steps: 1, open: 0 });
  });

  test("open steps that the run no longer has are removed, with the scopes that they leave empty", () => {
    const tree = new StepTree();
    const kept = stepAt("c[0]", { state: "open" });
    tree.put([stepAt("a[0]", { seq: 1 }), stepAt("for[0]/helper[0]/b[0]", { state: "open" }), kept]);
    expect(tree.root.steps).toBe(3);
    tree.keepOpen([kept]);
    expect(outline(tree.root)).toEqual(["a[0]", "c[0]"]);
    expect(tree.root).toMatchObject({ steps: 2, open: 1 });
    tree.keepOpen([]);
    expect(outline(tree.root)).toEqual(["a[0]"]);
  });

  test("an open task with a due time waits, one without runs", () => {
    expect(stepStatus(stepAt("a[0]", { state: "open" }))).toBe("running");
    expect(stepStatus(stepAt("a[0]", { state: "open", dueAt: 5 }))).toBe("waiting");
    expect(stepStatus(stepAt("sleep[0]", { state: "open", kind: "sleep" }))).toBe("waiting");
    expect(stepStatus(stepAt("a[0]", { state: "failed" }))).toBe("failed");
  });

  test("ten thousand steps are added page by page and drawn in a fraction of a second", () => {
    const tree = new StepTree();
    const begin = performance.now();
    for (let page = 0; page < 10; page += 1) {
      tree.put(Array.from({ length: 1000 }, (_, at) => stepAt(`for[${page * 1000 + at}]/save[0]`, { startedAt: at })));
      expect(rowsOf(tree.root, new Set())).toHaveLength((page + 1) * 1000);
    }
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});

describe("the lines of the timeline", () => {
  const tree = new StepTree();
  tree.put([
    stepAt("for[0]/line[0]/save[0]", { startedAt: 0 }),
    stepAt("for[1]/a[0]", { startedAt: 11 }),
    stepAt("for[1]/b[0]", { startedAt: 12 }),
  ]);

  test("a scope with one thing in it takes no line of its own", () => {
    expect(labels(tree)).toEqual(["for[0]/line[0]/save[0]", "for[1]", "  a[0]", "  b[0]"]);
  });

  test("a task that called one other task keeps its line", () => {
    const nested = new StepTree();
    nested.put([stepAt("a[0]"), stepAt("a[0]//b[0]")]);
    expect(labels(nested)).toEqual(["a[0]", "  /b[0]"]);
  });

  test("what is in a collapsed scope is not seen", () => {
    expect(labels(tree, ["for[1]"])).toEqual(["for[0]/line[0]/save[0]", "for[1]"]);
  });

  test("each line says its place, and whether it can be opened", () => {
    expect(rowsOf(tree.root, new Set(["for[1]"]))).toMatchObject([
      { level: 1, place: 1, siblings: 2, isExpanded: undefined },
      { level: 1, place: 2, siblings: 2, isExpanded: false },
    ]);
  });

  test("the scopes around a step are those to open so that it is seen", () => {
    const node = tree.get("for[0]/line[0]/save[0]");
    expect(node && ancestorsOf(node)).toEqual(["for[0]/line[0]", "for[0]"]);
    expect([...expandableKeys(tree.root)].sort()).toEqual(["for[0]", "for[0]/line[0]", "for[1]"]);
  });
});
