import { isBuiltin } from "node:module";
import type { Node, Program } from "oxc-parser";
import { children, isFunction, isWrapper, unwrap, type FunctionNode } from "../../../syntax/ast.ts";
import type { FunctionModel, InPlaceChange, ReadModel } from "../model/model.ts";
import type { StateUse } from "../model/summary.ts";
import { UNKNOWN, type Value } from "../model/value.ts";
import { boundNames } from "../scopes/patterns.ts";
import { lookup, type Binding, type Scope, type Scopes, type ValueOf } from "../scopes/scopes.ts";
import { isAlias, isReference, isValueIn } from "./references.ts";
import { assigned, mutated, type Mutation } from "./targets.ts";

interface At {
  readonly scope: Scope;
  readonly owner: FunctionModel | undefined;
  /** The task whose body this is. */
  readonly task: FunctionModel | undefined;
  /** Whether the code is evaluated with the module. */
  readonly atTop: boolean;
}

interface Use extends StateUse {
  readonly binding: Binding;
}

/** The maximum length of a chain of aliases. */
const ALIASES = 8;

/** The globals through which code can reach the clock, random values, the environment or I/O. */
const outside = new Set([
  "globalThis",
  "global",
  "self",
  "window",
  "Date",
  "Math",
  "performance",
  "crypto",
  "process",
  "fetch",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "XMLHttpRequest",
  "WebSocket",
  "EventSource",
  "navigator",
  "AbortSignal",
  "Temporal",
  "Atomics",
  "scheduler",
]);

interface Collected {
  /** The module's reads from outside of the program. */
  readonly reads: readonly ReadModel[];
  /** Uses of module variables that the module's functions change. */
  readonly stateUses: readonly StateUse[];
  readonly inPlaceChanges: readonly InPlaceChange[];
  /** Indexes of the workflows that use variables, or the `this`, of a function around them, directly or through functions that they use. */
  readonly closures: ReadonlySet<number>;
}

export function collectReads(
  program: Program,
  scopes: Scopes,
  valueOf: ValueOf,
  functions: readonly FunctionModel[],
): Collected {
  const collector = new ReadCollector(scopes, valueOf, functions);
  const scope = scopes.of.get(program);
  if (scope) collector.descend(program, { scope, owner: undefined, task: undefined, atTop: true });
  const { reads, inPlaceChanges } = collector;
  return { reads, stateUses: collector.stateUses(), inPlaceChanges, closures: collector.closures() };
}

class ReadCollector {
  readonly reads: ReadModel[] = [];
  readonly inPlaceChanges: InPlaceChange[] = [];
  /** What each function uses of the functions around it, by its index; undefined for `this`. */
  private readonly outer = new Map<number, Set<Binding | undefined>>();
  private readonly uses: Use[] = [];
  private readonly changed = new Set<Binding>();
  private readonly scopes: Scopes;
  private readonly valueOf: ValueOf;
  private readonly functions: readonly FunctionModel[];
  private readonly above: Node[] = [];

  constructor(scopes: Scopes, valueOf: ValueOf, functions: readonly FunctionModel[]) {
    this.scopes = scopes;
    this.valueOf = valueOf;
    this.functions = functions;
  }

  stateUses(): StateUse[] {
    return this.uses
      .filter(({ binding }) => this.changed.has(binding))
      .map(({ name, start, end, owner }) => ({ name, start, end, owner }));
  }

  descend(node: Node, at: At): void {
    this.above.push(node);
    for (const child of children(node)) this.visit(child, at);
    this.above.pop();
  }

  private visit(node: Node, outer: At): void {
    const at = this.enter(node, outer);
    this.note(node, at);
    this.descend(node, at);
  }

  private enter(node: Node, outer: At): At {
    const scope = this.scopes.of.get(node) ?? outer.scope;
    if (isFunction(node)) return { scope, ...this.inside(node, outer.task), atTop: false };
    // the fields of an instance are evaluated by its constructor, at an unknown time
    if ((node.type === "PropertyDefinition" || node.type === "AccessorProperty") && !node.static)
      return { scope, owner: undefined, task: outer.task, atTop: false };
    return scope === outer.scope ? outer : { ...outer, scope };
  }

  private inside(node: FunctionNode, around: FunctionModel | undefined): Pick<At, "owner" | "task"> {
    const owner = this.functions[this.scopes.functionIndex.get(node) ?? -1];
    return { owner, task: owner?.kind === "task" ? owner : owner?.plain === true ? around : undefined };
  }

  private note(node: Node, at: At): void {
    switch (node.type) {
      case "CallExpression":
        this.noteMutation(node, at);
        return this.read(node, unwrap(node.callee), "call", at);
      case "NewExpression":
        return this.read(node, unwrap(node.callee), node.arguments.length === 0 ? "new()" : "new", at);
      case "AssignmentExpression":
        return this.noteChange(node.left, at);
      case "UpdateExpression":
        return this.noteChange(node.argument, at);
      case "UnaryExpression":
        return node.operator === "delete" ? this.noteChange(node.argument, at) : undefined;
      case "ThisExpression":
      case "Super":
        return this.noteOuter(
          undefined,
          at.owner,
          ({ node: fn, repeated }) => fn.type === "ArrowFunctionExpression" && repeated,
        );
      case "MemberExpression":
        return this.isValue(node) ? this.read(node, node, "value", at) : undefined;
      case "Identifier":
        return this.noteName(node, at);
      default:
    }
  }

  private read(node: Node, what: Node, form: ReadModel["form"], { scope, owner, task, atTop }: At): void {
    const value = this.valueOf(what, scope);
    if (!this.leadsOutside(value, form === "value")) return;
    this.reads.push({
      node,
      value,
      form,
      start: node.start,
      end: node.end,
      owner: owner?.index,
      inTask: task !== undefined,
      atTop,
    });
  }

  /** Whether the value is a platform API, or may be one through another module. */
  private leadsOutside(value: Value, certainly: boolean, depth = 0): boolean {
    if (depth > ALIASES) return false;
    switch (value.kind) {
      case "global":
        return outside.has(value.name);
      case "import":
        return certainly ? isBuiltin(value.from) : value.from !== "perdure";
      case "member":
        return this.leadsOutside(value.object, certainly, depth + 1);
      case "binding": {
        const binding = this.scopes.bindings[value.index];
        return binding !== undefined && this.leadsOutside(binding.declared(this.valueOf), certainly, depth + 1);
      }
      default:
        return false;
    }
  }

  /** Whether the expression is used as a value: it is not called, constructed or assigned to, and is not just the object of a member access. */
  private isValue(node: Node): boolean {
    let child = node;
    for (let i = this.above.length - 1; i >= 0; i--) {
      const parent = this.above[i];
      if (!parent) return false;
      if (!isWrapper(parent)) return isValueIn(child, parent) && !isAlias(parent, this.above[i - 1]);
      child = parent;
    }
    return false;
  }

  private noteName(node: Extract<Node, { type: "Identifier" }>, at: At): void {
    const parent = this.above.at(-1);
    if (!parent || !isReference(node, parent, this.above.at(-2))) return;
    if (this.isValue(node)) this.read(node, node, "value", at);
    const binding = lookup(at.scope, node.name);
    this.use(binding, node, at);
    if (binding?.scope.parent) this.noteOuter(binding, at.owner, (fn) => !isWithinNode(binding.scope, fn.node));
  }

  private noteOuter(
    what: Binding | undefined,
    owner: FunctionModel | undefined,
    isOutside: (fn: FunctionModel) => boolean,
  ): void {
    for (let fn = owner; fn && isOutside(fn); fn = this.functions[fn.parent ?? -1])
      this.outer.set(fn.index, (this.outer.get(fn.index) ?? new Set()).add(what));
  }

  closures(): Set<number> {
    const workflows = this.functions.filter(({ kind, index }) => kind === "workflow" && this.isClosure(index));
    return new Set(workflows.map(({ index }) => index));
  }

  private isClosure(index: number, seen = new Set<number>()): boolean {
    if (seen.has(index)) return false;
    seen.add(index);
    return [...(this.outer.get(index) ?? [])].some((binding) => {
      const value = binding && !this.changed.has(binding) ? binding.declared(this.valueOf) : UNKNOWN;
      return value.kind !== "function" || this.isClosure(value.index, seen);
    });
  }

  private use(binding: Binding | undefined, { start, end }: Node, { owner, task }: At): void {
    if (binding && isModuleVariable(binding) && owner && !task)
      this.uses.push({ binding, name: binding.name, start, end, owner: owner.index });
  }

  private noteChange(target: Node, at: At): void {
    for (const node of assigned(target)) this.change(node, at);
    for (const mutation of mutated(target)) this.mutate(mutation, target, at);
  }

  private noteMutation(node: Extract<Node, { type: "CallExpression" }>, at: At): void {
    for (const mutation of mutated(node)) this.mutate(mutation, node, at);
  }

  private change(node: Extract<Node, { type: "Identifier" }>, at: At): void {
    const binding = lookup(at.scope, node.name);
    if (!binding || at.atTop) return;
    this.changed.add(binding);
    this.use(binding, node, at); // the target of an assignment is not a reference
  }

  private mutate({ root, how }: Mutation, node: Node, at: At): void {
    const binding = lookup(at.scope, root.name);
    if (!binding || at.atTop) return;
    this.changed.add(binding);
    const { task } = at;
    const of = task && ownerOf(binding, task);
    if (!task || !of || (how === "collection" && !isCollection(root.name, task))) return;
    this.inPlaceChanges.push({ task: task.index, name: root.name, of, node });
  }
}

/** The owner of a variable, relative to a task. `undefined` if the variable belongs to the task itself or to the module. */
function ownerOf({ scope, name }: Binding, task: FunctionModel): InPlaceChange["of"] | undefined {
  if (scope.node === task.node)
    return task.node.params.some((param) => boundNames(param).includes(name)) ? "argument" : undefined;
  return scope.parent === undefined || isWithinNode(scope, task.node) ? undefined : "captured";
}

function isWithinNode(scope: Scope, node: Node): boolean {
  for (let each: Scope | undefined = scope; each; each = each.parent) if (each.node === node) return true;
  return false;
}

/** Whether the parameter is annotated as a map or set. On other objects, `set` and `delete` need not change the object. */
function isCollection(name: string, { node }: FunctionModel): boolean {
  const param = node.params.find((each) => each.type === "Identifier" && each.name === name);
  const type = param && "typeAnnotation" in param ? param.typeAnnotation?.typeAnnotation : undefined;
  return (
    type?.type === "TSTypeReference" &&
    type.typeName.type === "Identifier" &&
    /^(?:Weak)?(?:Map|Set)$/.test(type.typeName.name)
  );
}

const isModuleVariable = ({ scope, kind }: Binding): boolean => scope.parent === undefined && kind !== "function";
