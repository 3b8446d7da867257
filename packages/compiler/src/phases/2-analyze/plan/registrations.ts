import type { Node, ObjectExpression, ObjectProperty } from "oxc-parser";
import { keyName, lengthOf, type ClassNode } from "../../../syntax/ast.ts";
import type { FunctionModel } from "../model/model.ts";
import type { Key, Place } from "../model/place.ts";
import { ownOf } from "./own.ts";
import type { Edit, Entry, MethodEntry, NamedEntry, Plan, PlannedKey } from "./edits.ts";

interface Registrations {
  readonly edits: readonly Edit[];
  readonly prelude: Pick<Plan["prelude"], "entries" | "slots">;
}

/** Plans how each task and workflow is registered with the runtime. `functions` are in the order of `ModuleInfo`. */
export function planRegistrations(functions: readonly FunctionModel[]): Registrations {
  const planner = new Planner();
  functions.forEach((fn, index) => {
    if (fn.kind !== undefined) planner.add(fn, { index, length: lengthOf(fn.node), own: ownOf(fn) });
  });
  return planner.plan();
}

class Planner {
  private readonly edits: Edit[] = [];
  private readonly prelude: NamedEntry[] = [];
  private readonly blocks = new Map<Node, NamedEntry[]>();
  private readonly objects = new Map<ObjectExpression, MethodEntry[]>();
  private readonly classes = new Map<ClassNode, { readonly statics: MethodEntry[]; readonly members: MethodEntry[] }>();
  private readonly slots = new Map<Node, number>();
  private readonly kept = new Map<Node, { readonly slots: number[]; readonly named: PlannedKey | undefined }>();

  add({ place, node, usesSuper }: FunctionModel, entry: Entry): void {
    switch (place.kind) {
      case "declaration":
        if (!node.id) this.edits.push({ kind: "name", node });
        return this.addDeclaration(place, { ...entry, name: node.id?.name ?? "default" });
      case "expression":
        return void this.edits.push({
          kind: "expression",
          node,
          entry,
          named: place.named && this.planKey(place.named),
        });
      case "method": {
        const property = overridable(node, usesSuper, place);
        const key = this.planKey(place.key);
        if (property && typeof key === "string") this.edits.push({ kind: "method", node: property, key, entry });
        append(this.objects, place.object, { ...entry, key, ...(property && { length: undefined }) });
        return;
      }
      case "classMethod":
        return this.addClassMethod(place, node, entry);
      default:
    }
  }

  private addDeclaration({ block }: Extract<Place, { kind: "declaration" }>, entry: NamedEntry): void {
    if (block) append(this.blocks, block, entry);
    else this.prelude.push(entry);
  }

  private addClassMethod(
    { key, of, isStatic }: Extract<Place, { kind: "classMethod" }>,
    node: Node,
    entry: Entry,
  ): void {
    // a private instance method can be reached only through an instance
    if ("text" in key && key.text.startsWith("#") && !isStatic) return;
    if (
      isReplaced(
        node,
        key,
        of.body.body.filter((each) => "static" in each && each.static === isStatic),
      )
    )
      return;
    const entries = this.classes.get(of) ?? { statics: [], members: [] };
    this.classes.set(of, entries);
    (isStatic ? entries.statics : entries.members).push({ ...entry, key: this.planKey(key) });
  }

  private planKey(key: Key): PlannedKey {
    if ("text" in key) return key.text;
    const known = this.slots.get(key.computed);
    if (known !== undefined) return { slot: known };
    const slot = this.slots.size;
    this.slots.set(key.computed, slot);
    this.edits.push({ kind: "key", node: key.computed, slot });
    const { node, named } = key.keep;
    const kept = this.kept.get(node) ?? { slots: [], named: named && this.planKey(named) };
    this.kept.set(node, kept);
    kept.slots.push(slot);
    return { slot };
  }

  plan(): Registrations {
    const { edits, blocks, objects, classes, kept, prelude: entries } = this;
    for (const [node, list] of blocks) edits.push({ kind: "block", node, entries: list });
    for (const [node, list] of objects) edits.push({ kind: "object", node, entries: list });
    for (const [node, lists] of classes) edits.push({ kind: "class", node, entries: lists });
    const slots = [...kept].flatMap(([node, each]) => (node.type === "Program" ? each.slots : []));
    for (const [node, each] of kept) if (node.type !== "Program") edits.push({ kind: "slots", node, ...each });
    return { edits, prelude: { entries, slots } };
  }
}

/** Whether a later member with the same key replaces this one. */
function isReplaced(node: Node, key: Key, members: readonly Node[]): boolean {
  const own = members.findIndex((each) => "value" in each && each.value === node);
  return (
    "text" in key &&
    members
      .slice(own + 1)
      .some((each) => "key" in each && "computed" in each && keyName(each.key, each.computed) === key.text)
  );
}

/** The property of a method that a later property may replace. The finished object may then have something else under the same key. */
function overridable(
  node: Node,
  usesSuper: boolean,
  { key, object }: Extract<Place, { kind: "method" }>,
): ObjectProperty | undefined {
  const at = object.properties.findIndex((each) => each.type === "Property" && each.value === node);
  const property = object.properties[at];
  // `super` refers to the object in which the method is written, so the method cannot be moved
  if (property?.type !== "Property" || usesSuper || !("text" in key)) return undefined;
  return object.properties
    .slice(at + 1)
    .some((each) => each.type !== "Property" || [undefined, key.text].includes(keyName(each.key, each.computed)))
    ? property
    : undefined;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
