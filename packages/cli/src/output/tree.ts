import type { StepInfo } from "perdure";

/** A scope or a step of a run, and what was called in it. */
export interface StepNode {
  readonly segment: string;
  step?: StepInfo;
  readonly inner: Map<string, StepNode>;
}

/** The steps by the scopes that lead to them. Each level is in the order in which its members first ended. */
export function treeOf(steps: readonly StepInfo[]): StepNode {
  const root: StepNode = { segment: "", inner: new Map() };
  for (const step of steps) {
    let node = root;
    for (const segment of step.path) {
      const next = node.inner.get(segment) ?? { segment, inner: new Map<string, StepNode>() };
      node.inner.set(segment, next);
      node = next;
    }
    node.step = step;
  }
  return root;
}

/**
 * The lines of the tree. Further lines of a node stand below its first.
 * @param linesOf - the lines of one node
 */
export function drawTree(root: StepNode, linesOf: (node: StepNode) => readonly string[], indent = ""): string[] {
  const nodes = [...root.inner.values()];
  return nodes.flatMap((node, place) => {
    const isLast = place === nodes.length - 1;
    const below = `${indent}${isLast ? "   " : "│  "}`;
    const [first = "", ...rest] = linesOf(node);
    const bar = node.inner.size > 0 ? "│  " : "   ";
    return [
      `${indent}${isLast ? "└─ " : "├─ "}${first}`,
      ...rest.map((line) => `${below}${bar}${line}`),
      ...drawTree(node, linesOf, below),
    ];
  });
}
