import type { Node } from "oxc-parser";
import { lengthOf } from "../../ast.ts";
import type { FunctionModel } from "./model.ts";
import type { Edit, Entry } from "./plan.ts";

type ClassEntry = Entry & { readonly isStatic: boolean };

/** How each task and workflow becomes known to the runtime; `functions` are in the order of `ModuleInfo`. */
export function planRegistrations(functions: readonly FunctionModel[]): { readonly edits: readonly Edit[]; readonly prelude: readonly Entry[] } {
  const edits: Edit[] = [];
  const prelude: Entry[] = [];
  const blocks = new Map<Node, Entry[]>();
  const objects = new Map<Extract<Edit, { kind: "object" }>["node"], Entry[]>();
  const classes = new Map<Extract<Edit, { kind: "class" }>["node"], ClassEntry[]>();

  functions.forEach((fn, index) => {
    if (fn.kind === undefined) return;
    const { place, node } = fn;
    const entry = (key: string): Entry => ({ key, index, length: lengthOf(node) });
    switch (place.kind) {
      case "declaration": {
        if (!node.id) edits.push({ kind: "name", node });
        const named = entry(node.id?.name ?? "default");
        if (place.block) append(blocks, place.block, named);
        else prelude.push(named);
        return;
      }
      case "expression":
        return void edits.push({ kind: "expression", node, entry: entry(fn.name) });
      case "method":
        return append(objects, place.object, entry(place.key));
      case "classMethod":
        // a private method cannot be reached by its name
        if (!place.key.startsWith("#")) append(classes, place.of, { ...entry(place.key), isStatic: place.isStatic });
        return;
      default:
    }
  });
  for (const [node, entries] of blocks) edits.push({ kind: "block", node, entries });
  for (const [node, entries] of objects) edits.push({ kind: "object", node, entries });
  for (const [node, entries] of classes) edits.push({ kind: "class", node, entries });
  return { edits, prelude };
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
