import type { StepItem } from "../../../src/api.ts";

/** A scope of a run, a step, or both: a step whose task calls other tasks. */
export interface TreeNode {
  /** Id of the step, or what the ids of the steps in this scope begin with. */
  readonly key: string;
  /** The last segment of the key. */
  readonly text: string;
  readonly parent: TreeNode | undefined;
  readonly children: TreeNode[];
  step: StepItem | undefined;
  /** From the first begin to the last end of the step and of all in it. */
  from: number;
  to: number;
  /** How many steps there are in it, itself included. */
  steps: number;
  failed: number;
  open: number;
  /** Whether the numbers above and the order of the children are to be found again. */
  isStale: boolean;
}

/** How a step stands. An open task with a due time is between two attempts, one in line of a queue before one. */
export function stepStatus({ state, kind, dueAt, inLineOf }: StepItem): "running" | "waiting" | "completed" | "failed" {
  if (state !== "open") return state;
  return kind === "task" && dueAt === undefined && inLineOf === undefined ? "running" : "waiting";
}

/** The steps of a run by the scopes that lead to them. Steps that are added change only the branches they stand in. */
export class StepTree {
  private readonly top = newNode("", "", undefined);
  private readonly nodes = new Map<string, TreeNode>();
  private readonly open = new Set<string>();

  /** The scope of the workflow itself. Its children are in the order of their begins. */
  get root(): TreeNode {
    refresh(this.top);
    return this.top;
  }

  get(key: string): TreeNode | undefined {
    return this.nodes.get(key);
  }

  /** Adds steps, and replaces those that are known. */
  put(steps: readonly StepItem[]): void {
    for (const step of steps) {
      const node = this.nodeOf(step.path);
      node.step = step;
      if (step.state === "open") this.open.add(step.id);
      else this.open.delete(step.id);
      markStale(node);
    }
  }

  /** Removes open steps that the run no longer has. */
  keepOpen(open: readonly StepItem[]): void {
    const known = new Set(open.map(({ id }) => id));
    for (const id of this.open) {
      if (known.has(id)) continue;
      this.open.delete(id);
      const node = this.nodes.get(id);
      if (node) this.remove(node);
    }
  }

  private nodeOf(path: readonly string[]): TreeNode {
    let node = this.top;
    for (const text of path) {
      const key = node === this.top ? text : `${node.key}/${text}`;
      let inner = this.nodes.get(key);
      if (!inner) {
        inner = newNode(key, text, node);
        node.children.push(inner);
        this.nodes.set(key, inner);
      }
      node = inner;
    }
    return node;
  }

  private remove(node: TreeNode): void {
    node.step = undefined;
    markStale(node);
    for (let empty = node; empty.parent && !empty.step && empty.children.length === 0; empty = empty.parent) {
      empty.parent.children.splice(empty.parent.children.indexOf(empty), 1);
      this.nodes.delete(empty.key);
    }
  }
}

const newNode = (key: string, text: string, parent: TreeNode | undefined): TreeNode => ({
  key,
  text,
  parent,
  children: [],
  step: undefined,
  from: Infinity,
  to: -Infinity,
  steps: 0,
  failed: 0,
  open: 0,
  isStale: false,
});

function markStale(node: TreeNode): void {
  node.isStale = true;
  for (let { parent } = node; parent && !parent.isStale; { parent } = parent) parent.isStale = true;
}

function refresh(node: TreeNode): void {
  if (!node.isStale) return;
  node.isStale = false;
  const { step } = node;
  node.from = step?.startedAt ?? Infinity;
  node.to = step?.finishedAt ?? step?.startedAt ?? -Infinity;
  node.steps = step ? 1 : 0;
  node.failed = step?.state === "failed" ? 1 : 0;
  node.open = step?.state === "open" ? 1 : 0;
  for (const child of node.children) {
    refresh(child);
    node.from = Math.min(node.from, child.from);
    node.to = Math.max(node.to, child.to);
    node.steps += child.steps;
    node.failed += child.failed;
    node.open += child.open;
  }
  node.children.sort(byBegin);
}

/** By begin. Branches that begin together are in the order of their numbers, or else as they came. */
const byBegin = (one: TreeNode, other: TreeNode): number =>
  one.from - other.from || (nameOf(one.text) === nameOf(other.text) ? indexOf(one.text) - indexOf(other.text) : 0);

const nameOf = (text: string): string => text.replace(/\[\d+\]$/u, "");
const indexOf = (text: string): number => Number(/\[(\d+)\]$/u.exec(text)?.[1] ?? 0);
