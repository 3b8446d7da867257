import { isBuiltin } from "node:module";
import type { CallExpression, Node } from "oxc-parser";
import { isFunction, unwrap, walk } from "../../../syntax/ast.ts";
import type { Target } from "./analysis.ts";
import type { CallModel, FunctionModel, ModuleModel } from "./model.ts";
import type { Value } from "./value.ts";

type Model = Pick<ModuleModel, "functions" | "calls" | "cleanUps" | "bindings">;

/** The clean-up of a module that may lead to durable calls (R11). */
interface CleanUps {
  /** Blocks of `catch` and `finally`, and bodies of methods that dispose. */
  readonly blocks: readonly Node[];
  /** Blocks that declare resources, with the declarations. */
  readonly disposals: ReadonlyMap<Node, readonly Node[]>;
  readonly callbacks: readonly Node[];
  /** Async functions without a scope that hold some: the context that they enter would reach their caller at the first `await`. */
  readonly uncontained: readonly FunctionModel[];
}

/**
 * @param functions - the tasks, workflows and scopes
 * @param targets - what the calls are; none: nothing in the module is known to be durable
 */
export function findCleanUps(
  model: Model,
  functions: readonly FunctionModel[] = [],
  targets: readonly Target[] = [],
): CleanUps {
  const durable = new Set(functions.map(({ index }) => index));
  const leads = new Leads(model, durable, targets);
  const found = model.cleanUps.flatMap((each) => {
    const fn = each.owner === undefined || each.inTask ? undefined : model.functions[each.owner];
    // a generator without a scope has the context of whoever takes from it
    const isMarked = fn && (durable.has(fn.index) || !fn.node.generator);
    return isMarked && (each.using !== undefined || leads.isIn(each.node)) ? [{ ...each, fn }] : [];
  });
  const disposals = new Map<Node, Node[]>();
  for (const { node, using } of found) if (using) disposals.set(node, [...(disposals.get(node) ?? []), using]);
  return {
    blocks: found.flatMap(({ node, using }) => (using ? [] : [node])),
    disposals,
    callbacks: model.calls.flatMap(({ node, property, owner, inTask }) => {
      const callback = owner === undefined || inTask ? undefined : callbackOf(node, property);
      return callback && leads.isFrom(callback) ? [callback] : [];
    }),
    uncontained: [...new Set(found.map(({ fn }) => fn))].filter((fn) => fn.async && !durable.has(fn.index)),
  };
}

export function hasCleanUp(model: Model): boolean {
  const { blocks, disposals, callbacks } = findCleanUps(model);
  return blocks.length + disposals.size + callbacks.length > 0;
}

/** The callback that is clean-up: of `.catch(…)`, `.finally(…)` or `.then(…, …)`. Whatever has such a method may be a promise. */
function callbackOf(node: Node, property: string | undefined): Node | undefined {
  if (node.type !== "CallExpression") return undefined;
  const position = property === "then" ? 1 : property === "catch" || property === "finally" ? 0 : undefined;
  return position === undefined ? undefined : argument(node, position);
}

function argument({ arguments: given }: CallExpression, position: number): Node | undefined {
  const hasSpread = given.slice(0, position + 1).some(({ type }) => type === "SpreadElement");
  return hasSpread ? undefined : given[position];
}

/** What may lead to a durable call, as far as this module shows. In doubt it may: a mark too many does nothing. */
class Leads {
  private readonly model: Model;
  private readonly targets: readonly Target[];
  private readonly durable: ReadonlySet<number>;
  private readonly open = new Set<number>();
  private readonly openBindings = new Set<number>();

  constructor(model: Model, durable: ReadonlySet<number>, targets: readonly Target[]) {
    this.model = model;
    this.targets = targets;
    this.durable = durable;
  }

  /** Whether the code may make a durable call, or call what makes one. */
  isIn(node: Node): boolean {
    return this.model.calls.some((call, i) => isWithin(call, node) && this.isCall(call, i)) || iterates(node);
  }

  /** Whether calling the value may make one. */
  isFrom(node: Node): boolean {
    const value = unwrap(node);
    if (value.type === "Literal") return false;
    if (isFunction(value)) return this.isIn(value);
    const mention = this.model.calls.find((call) => call.node === value && call.passedTo !== undefined);
    return mention === undefined || this.isValue(mention.callee);
  }

  private isCall(call: CallModel, index: number): boolean {
    if (call.inTask) return false;
    if ((this.targets[index]?.kind ?? "plain") !== "plain") return true;
    // a value that is passed on is seldom a function, unless it is known to be one
    return call.passedTo === undefined ? this.isValue(call.callee) : this.isFunctionThatLeads(call.callee);
  }

  private isFunctionThatLeads(value: Value): boolean {
    if (value.kind === "binding") {
      const declared = this.model.bindings[value.index];
      return declared?.kind === "function" && this.isValue(declared);
    }
    return value.kind === "function" && this.isValue(value);
  }

  private isValue(value: Value): boolean {
    switch (value.kind) {
      case "global":
      case "known":
        return false;
      case "binding":
        return this.isBinding(value.index);
      case "member":
      case "element":
        return value.object.kind === "object" || this.isValue(value.object);
      case "instance":
        return this.isValue(value.of);
      case "choice":
        return value.values.some((each) => this.isValue(each));
      case "import":
        return !isBuiltin(value.from);
      case "function":
        return this.durable.has(value.index) || this.isBody(value.index);
      default:
        return true;
    }
  }

  /** A variable may be made of itself: `var shop = shop || {}`. */
  private isBinding(index: number): boolean {
    const declared = this.model.bindings[index];
    if (declared === undefined) return true;
    if (this.openBindings.has(index)) return false;
    this.openBindings.add(index);
    const found = this.isValue(declared);
    this.openBindings.delete(index);
    return found;
  }

  private isBody(index: number): boolean {
    const fn = this.model.functions[index];
    if (!fn || this.open.has(index)) return false;
    this.open.add(index);
    const found = this.isIn(fn.node);
    this.open.delete(index);
    return found;
  }
}

const isWithin = ({ start, end }: CallModel, node: Node): boolean => start >= node.start && end <= node.end;

/** It takes from a generator, or disposes, without a call that can be seen. */
function iterates(node: Node): boolean {
  let found = false;
  walk(node, (each) => {
    if (found) return false;
    found =
      each.type === "ForOfStatement" ||
      (each.type === "YieldExpression" && each.delegate) ||
      (each.type === "VariableDeclaration" && each.kind.endsWith("using"));
    return !found;
  });
  return found;
}
