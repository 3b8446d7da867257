import type { Node, ObjectProperty } from "oxc-parser";
import { keyName, lengthOf } from "../../ast.ts";
import type { FunctionModel, Place } from "./model.ts";
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
      case "method": {
        const property = overridable(fn, place);
        if (property) edits.push({ kind: "method", node: property, entry: entry(place.key) });
        else append(objects, place.object, entry(place.key));
        return;
      }
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

/** The property of a method that a later one may replace: in the finished object, something else may stand under its key. */
function overridable({ node, usesSuper }: FunctionModel, { key, object }: Extract<Place, { kind: "method" }>): ObjectProperty | undefined {
  const at = object.properties.findIndex((each) => each.type === "Property" && each.value === node);
  const property = object.properties[at];
  // `super` is that of the object which the method is written in
  if (property?.type !== "Property" || usesSuper) return undefined;
  return object.properties.slice(at + 1).some((each) => each.type !== "Property" || [undefined, key].includes(keyName(each.key, each.computed))) ? property : undefined;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
