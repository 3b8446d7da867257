import type { TreeNode } from "./tree.ts";

/** A line of the timeline. */
export interface TreeRow {
  readonly node: TreeNode;
  /** The segments that the line shows: more than one, where a scope holds nothing else. */
  readonly texts: readonly string[];
  /** From 1. */
  readonly level: number;
  /** Place among its siblings, from 1, and how many these are. */
  readonly place: number;
  readonly siblings: number;
  /** Undefined: there is nothing in it. */
  readonly isExpanded: boolean | undefined;
}

/** The visible lines of a tree, from top to bottom. */
export function rowsOf(root: TreeNode, collapsed: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (parent: TreeNode, level: number): void => {
    parent.children.forEach((child, at) => {
      const { node, texts } = withoutDetours(child);
      const isExpanded = node.children.length === 0 ? undefined : !collapsed.has(node.key);
      rows.push({ node, texts, level, place: at + 1, siblings: parent.children.length, isExpanded });
      if (isExpanded === true) add(node, level + 1);
    });
  };
  add(root, 1);
  return rows;
}

/** A scope that holds one thing only takes no line of its own. */
function withoutDetours(start: TreeNode): { readonly node: TreeNode; readonly texts: string[] } {
  let node = start;
  const texts = [node.text];
  for (let [only] = node.children; !node.step && node.children.length === 1 && only; [only] = node.children) {
    node = only;
    texts.push(node.text);
  }
  return { node, texts };
}

/** The keys of all scopes that take a line and have something in them. */
export function expandableKeys(root: TreeNode): Set<string> {
  const keys = new Set<string>();
  const visit = (node: TreeNode): void => {
    if (node.children.length > 0) keys.add(node.key);
    node.children.forEach(visit);
  };
  root.children.forEach(visit);
  return keys;
}

/** The scopes that must be open so that the line of a node is seen. */
export function ancestorsOf(node: TreeNode): string[] {
  const keys: string[] = [];
  for (let { parent } = node; parent?.parent; { parent } = parent) keys.push(parent.key);
  return keys;
}
