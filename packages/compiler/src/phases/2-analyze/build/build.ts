import type { CallExpression, Node, TaggedTemplateExpression, YieldExpression } from "oxc-parser";
import {
  blockOf,
  children,
  isFunction,
  isLoop,
  isWrapper,
  keyName,
  unwrap,
  type ClassNode,
  type FunctionNode,
  type Loop,
} from "../../../syntax/ast.ts";
import type { Directives, FoundDirective } from "../../1-parse/directives.ts";
import type { Parsed } from "../../1-parse/parse.ts";
import { hasCleanUp } from "../model/clean-ups.ts";
import type {
  CallModel,
  CapturedWrite,
  CleanUpModel,
  DerivedClass,
  FunctionModel,
  LoopModel,
  ModuleModel,
} from "../model/model.ts";
import type { TestedClass } from "../model/summary.ts";
import { KNOWN, UNKNOWN, type Value } from "../model/value.ts";
import { buildScopes } from "../scopes/build-scopes.ts";
import { collectExports, isFree } from "../scopes/exports.ts";
import { summarizeClass, summarizeObject } from "../scopes/members.ts";
import { boundNames, redeclaredParams } from "../scopes/patterns.ts";
import { lookup, type Binding, type Scope, type Scopes, type ValueOf } from "../scopes/scopes.ts";
import { createValueOf, requiredModule } from "../scopes/values.ts";
import { declaringFunction, formOfWrite } from "./captured-writes.ts";
import { functionsWithDirective } from "./directed.ts";
import { derivedClass, testedClass } from "./error-classes.ts";
import { importedModule, valueSpecifiers } from "./imports.ts";
import { fullName, memberKey, ownName, shortName } from "./naming.ts";
import { isDisposer, isReachable, isRepeated, namespaceKey, ownFunction, placeOf } from "./place.ts";
import { collectReads } from "./reads.ts";
import { assigned, calledThing, isWithin, settingsOf } from "./targets.ts";

/** The state at one node of the walk. */
interface Context {
  readonly scope: Scope;
  readonly owner: Draft | undefined;
  readonly loops: readonly LoopModel[];
  /** The innermost enclosing task. */
  readonly task: Draft | undefined;
  /** Inside a task, but not in a workflow nested in that task. */
  readonly plain: boolean;
}

type Draft = { -readonly [K in keyof FunctionModel]: FunctionModel[K] } & { yields: YieldExpression[]; scope: Scope };

/** Everything about one module that is known without the other modules. */
export function buildModel(parsed: Parsed, directives: Directives): ModuleModel {
  return new ModelBuilder(parsed, directives).build();
}

class ModelBuilder {
  private readonly scopes: Scopes;
  private readonly valueOf: ValueOf;
  private readonly functions: Draft[] = [];
  private readonly calls: CallModel[] = [];
  private readonly loops: LoopModel[] = [];
  private readonly cleanUps: CleanUpModel[] = [];
  private readonly written = new Set<Binding>();
  private readonly capturedWrites: CapturedWrite[] = [];
  private readonly derived: DerivedClass[] = [];
  private readonly testedClasses: TestedClass[] = [];
  private readonly imports = new Set<string>();
  private readonly importedValues: Value[] = [];
  private readonly objectScopes = new Map<Node, Scope>();
  private readonly settlers = new Set<Binding>();
  private readonly directed: ReadonlyMap<FunctionNode, FoundDirective>;
  private readonly above: Node[] = [];
  private usesCommonJs = false;

  private readonly parsed: Parsed;

  constructor(parsed: Parsed, directives: Directives) {
    this.parsed = parsed;
    this.scopes = buildScopes(parsed.program);
    this.valueOf = createValueOf(this.scopes);
    this.directed = functionsWithDirective(parsed, directives);
  }

  build(): ModuleModel {
    const { program } = this.parsed;
    const top = this.scopes.of.get(program);
    if (!top) throw new TypeError("a program has a scope");
    this.descend(program, { scope: top, owner: undefined, loops: [], task: undefined, plain: false });
    const { reads, stateUses, inPlaceChanges, closures } = collectReads(
      program,
      this.scopes,
      this.valueOf,
      this.functions,
    );
    const { values, stars } = collectExports(program, top, this.valueOf);
    const model = {
      functions: this.functions,
      calls: this.calls,
      loops: this.loops,
      cleanUps: this.cleanUps,
      capturedWrites: this.capturedWrites,
      derived: this.derived,
      testedClasses: this.testedClasses,
      classes: this.scopes.classes.map((node) => summarizeClass(node, this.scopes, this.valueOf)),
      objects: this.scopes.objects.map((node) =>
        summarizeObject(node, this.objectScopes.get(node) ?? this.scopes.of.get(node), this.valueOf),
      ),
      bindings: this.scopes.bindings.map((binding) => this.valueOfBinding(binding)),
      exports: values,
      stars,
      imports: [...this.imports],
      importedValues: this.importedValues,
      hasDirective: this.directed.size > 0,
      usesCommonJs: this.usesCommonJs,
      reads,
      stateUses,
      inPlaceChanges,
      closures,
    };
    return { ...model, hasCleanUp: hasCleanUp(model) };
  }

  private valueOfBinding(binding: Binding): Value {
    if (this.written.has(binding)) return UNKNOWN;
    return this.settlers.has(binding) ? KNOWN : binding.declared(this.valueOf);
  }

  private descend(node: Node, context: Context): void {
    this.above.push(node);
    for (const child of children(node)) this.visit(child, context);
    this.above.pop();
  }

  private visit(node: Node, outer: Context): void {
    const scope = this.scopes.of.get(node);
    const context = scope ? { ...outer, scope } : outer;
    if (isFunction(node)) return this.visitFunction(node, context);
    if (isLoop(node)) return this.visitLoop(node, outer, context);
    // an instance field is evaluated by the constructor, so it does not belong to the function around the class
    if ((node.type === "PropertyDefinition" || node.type === "AccessorProperty") && !node.static)
      return this.visitField(node, outer, context);
    this.note(node, context);
    this.descend(node, context);
  }

  private visitField(node: Node, outer: Context, inner: Context): void {
    this.above.push(node);
    for (const child of children(node))
      this.visit(child, "value" in node && child === node.value ? { ...inner, owner: undefined, loops: [] } : outer);
    this.above.pop();
  }

  private visitFunction(node: FunctionNode, context: Context): void {
    const draft = this.draft(node, context);
    this.functions[draft.index] = draft;
    const isTask = draft.kind === "task";
    const inside = { scope: context.scope, owner: draft, loops: [], task: isTask ? draft : context.task };
    const within = { ...inside, plain: isTask || (context.plain && draft.kind === undefined) };
    if (isDisposer(this.above.at(-1))) this.noteCleanUp(blockOf(node), undefined, within);
    this.descend(node, within);
  }

  private draft(node: FunctionNode, context: Context): Draft {
    const directive = this.directed.get(node);
    const { above } = this;
    const parent = above.at(-1);
    const place = placeOf(node, above);
    const at =
      parent?.type === "MethodDefinition" || (parent?.type === "Property" && parent.method)
        ? parent.key.start
        : (node.id?.start ?? node.start);
    const own = directive ? fullName(node, above) : shortName(node, above);
    return {
      index: this.scopes.functionIndex.get(node) ?? -1,
      name: directive?.directive.name ?? own,
      label: ownName(node, above) ?? (directive ? own.slice(own.lastIndexOf(".") + 1) : undefined),
      kind: directive?.directive.kind,
      parent: context.owner?.index,
      async: node.async,
      generator: node.generator,
      plain: context.plain && !directive,
      method: memberKey(node, above) ?? namespaceKey(node, place),
      node,
      directive,
      place,
      at,
      reachable: isReachable(above),
      repeated: isRepeated(above),
      yields: [],
      usesThis: false,
      usesSuper: false,
      usesArguments: false,
      redeclared: redeclaredParams(node, new Set(node.params.flatMap(boundNames))),
      scope: context.scope,
    };
  }

  private visitLoop(node: Loop, outer: Context, inner: Context): void {
    this.note(node, inner);
    const loop = outer.owner && this.loop(node, outer.owner.index);
    if (loop) this.loops.push(loop);
    const repeated = loop ? { ...inner, loops: [...inner.loops, loop] } : inner;
    const once =
      node.type === "ForStatement"
        ? node.init
        : node.type === "ForInStatement" || node.type === "ForOfStatement"
          ? node.right
          : undefined;
    this.above.push(node);
    for (const child of children(node)) this.visit(child, child === once ? inner : repeated);
    this.above.pop();
  }

  private loop(node: Loop, owner: number): LoopModel {
    let start = node.start;
    for (let i = this.above.length - 1; this.above[i]?.type === "LabeledStatement"; i--)
      start = this.above[i]?.start ?? start;
    return { node, start, owner };
  }

  /** Records what one node contributes. The caller visits its children. */
  private note(node: Node, context: Context): void {
    switch (node.type) {
      case "CallExpression":
        return this.noteCall(node, context);
      case "TaggedTemplateExpression":
        return this.noteTarget(node, unwrap(node.tag), context);
      case "NewExpression":
        this.notePassed(node.arguments, UNKNOWN, context);
        return this.noteExecutor(node, context);
      case "ArrayExpression":
        return this.notePassed(node.elements, KNOWN, context);
      case "ReturnStatement":
        return this.notePassed([node.argument], KNOWN, context);
      case "TryStatement":
        this.noteCleanUp(node.handler?.body, undefined, context);
        return this.noteCleanUp(node.finalizer, undefined, context);
      case "VariableDeclaration":
        return node.kind.endsWith("using") ? this.noteUsing(node, context) : undefined;
      case "ClassDeclaration":
      case "ClassExpression":
        return this.noteClass(node);
      case "BinaryExpression":
        return node.operator === "instanceof" ? this.noteTest(node.right, context) : undefined;
      case "YieldExpression":
        return void context.owner?.yields.push(node);
      case "Super":
        return this.noteOwn("usesSuper", node);
      case "ThisExpression":
        return this.noteOwn("usesThis", node);
      case "Identifier":
        return node.name === "arguments" ? this.noteOwn("usesArguments", node) : undefined;
      case "AssignmentExpression":
        return this.noteWrite(node, node.left, context);
      case "UpdateExpression":
        return this.noteWrite(node, node.argument, context);
      case "ForInStatement":
      case "ForOfStatement":
        return node.left.type === "VariableDeclaration" ? undefined : this.noteWrite(node, node.left, context);
      case "ObjectExpression":
        this.notePassed(
          node.properties.map((each) => (each.type === "Property" ? each.value : undefined)),
          KNOWN,
          context,
        );
        return void this.objectScopes.set(node, context.scope);
      case "MemberExpression":
        this.usesCommonJs ||=
          isFree(node.object, "exports", context.scope) || isFree(node.object, "module", context.scope);
        return;
      default:
        this.noteImport(node);
    }
  }

  private noteClass(node: ClassNode): void {
    if (node.superClass)
      this.derived.push(derivedClass(node, this.scopes.classIndex.get(node) ?? -1, this.above, this.derived));
  }

  private noteTest(right: Node, { scope }: Context): void {
    const tested = testedClass(right, scope, this.valueOf);
    if (tested) this.testedClasses.push(tested);
  }

  private noteCleanUp(node: Node | null | undefined, using: Node | undefined, context: Context): void {
    if (node) this.cleanUps.push({ node, using, owner: context.owner?.index, inTask: context.plain });
  }

  /** What the head of a loop declares is disposed with no block around it. */
  private noteUsing(node: Node, context: Context): void {
    const block = this.above.at(-1);
    if (block?.type === "BlockStatement" || block?.type === "StaticBlock") this.noteCleanUp(block, node, context);
  }

  private noteImport(node: Node): void {
    const from = importedModule(node);
    if (from === undefined) return;
    this.imports.add(from);
    if (node.type !== "ImportDeclaration") return;
    for (const { local } of valueSpecifiers(node)) {
      const binding = lookup(this.scopes.of.get(this.parsed.program), local.name);
      if (binding) this.importedValues.push(binding.declared(this.valueOf));
    }
  }

  private noteCall(node: CallExpression, context: Context): void {
    const required = requiredModule(node, context.scope);
    if (required !== undefined) this.imports.add(required);
    this.usesCommonJs ||= isFree(node.callee, "require", context.scope);
    if (node.callee.type === "Super") return;
    const target = calledThing(node);
    this.notePassed(node.arguments, this.valueOf(target, context.scope), context);
    this.noteTarget(node, target, context);
  }

  private noteTarget(node: CallExpression | TaggedTemplateExpression, target: Node, context: Context): void {
    this.calls.push({
      node,
      target,
      start: node.start,
      end: node.end,
      callee: this.valueOf(target, context.scope),
      property: target.type === "MemberExpression" ? keyName(target.property, target.computed) : undefined,
      settings: settingsOf(node, context.scope, this.valueOf),
      owner: context.owner?.index,
      loops: context.loops,
      statement: this.isStatement(),
      inTask: context.plain,
    });
  }

  /** Records functions that are used as values, since the code that receives them may call them. */
  private notePassed(values: readonly (Node | null | undefined)[], passedTo: Value, context: Context): void {
    for (const value of values) {
      const node = value ? unwrap(value) : undefined;
      if (node?.type !== "Identifier" && node?.type !== "MemberExpression") continue;
      this.calls.push({
        node,
        target: node,
        start: node.start,
        end: node.end,
        callee: this.valueOf(node, context.scope),
        property: undefined,
        passedTo,
        owner: context.owner?.index,
        loops: context.loops,
        statement: false,
        inTask: context.plain,
      });
    }
  }

  /** Whether the node being visited is a whole statement, ignoring parentheses. */
  private isStatement(): boolean {
    return this.above.findLast((node) => !isWrapper(node))?.type === "ExpressionStatement";
  }

  /** The parameters `resolve` and `reject` of a promise executor are certainly not durable. */
  private noteExecutor(node: Extract<Node, { type: "NewExpression" }>, context: Context): void {
    const first = node.arguments[0] && unwrap(node.arguments[0]);
    if (!first || !isFunction(first) || !isFree(node.callee, "Promise", context.scope)) return;
    for (const param of first.params) {
      const binding = param.type === "Identifier" ? this.scopes.of.get(first)?.names.get(param.name) : undefined;
      if (binding) this.settlers.add(binding);
    }
  }

  private noteOwn(what: "usesThis" | "usesSuper" | "usesArguments", node: Node): void {
    const fn = ownFunction(node, this.above);
    const draft = fn && this.functions[this.scopes.functionIndex.get(fn) ?? -1];
    if (draft) draft[what] = true;
  }

  private noteWrite(write: Node, target: Node, { scope, task }: Context): void {
    for (const node of assigned(target)) {
      const { name } = node;
      const binding = lookup(scope, name);
      if (!binding) continue;
      this.written.add(binding);
      if (!task || isWithin(binding.scope, task.scope)) continue;
      const declaring = declaringFunction(binding);
      const variableOf = declaring && this.scopes.functionIndex.get(declaring);
      this.capturedWrites.push({
        task: task.index,
        name,
        variableOf,
        form: formOfWrite(name, write, this.above),
        node,
      });
    }
  }
}
