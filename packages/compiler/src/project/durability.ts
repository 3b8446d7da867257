import type { DefinedElsewhere, Target } from "../phases/2-analyze/model/analysis.ts";
import { isMention, type CallSummary, type FunctionSummary } from "../phases/2-analyze/model/summary.ts";
import type { Value } from "../phases/2-analyze/model/value.ts";
import { definedElsewhere } from "./elsewhere.ts";
import { resolveValue, runtimeSteps, type Module, type Resolved } from "./links/link.ts";

/** The target of a call, before it is known which functions are durable. */
type Link =
  | { readonly kind: "plain" }
  | { readonly kind: "possible" }
  | { readonly kind: "step"; readonly name: string }
  | { readonly kind: "function"; readonly file: string; readonly fn: FunctionSummary }
  | { readonly kind: "either"; readonly of: readonly Link[] }
  /** A method of an unknown object, or (`open`) one that a known object may have. */
  | { readonly kind: "method"; readonly property: string; readonly open: boolean };

/** Which functions of one module are durable. The arrays use the indexes of its summary. */
export interface Durability {
  /** Certainly durable: it has a directive, or calls something that is certainly durable. */
  readonly strong: boolean[];
  /** Durable, certainly or because it calls something that may be durable. It then opens a scope. */
  readonly durable: boolean[];
  /** Whether the module contains or imports something durable. */
  compiled: boolean;
  /** The certainly durable methods, by name. */
  readonly methods: Map<string, FunctionSummary>;
}

export type DurabilityOf = (file: string) => Durability | undefined;

const linkOf = (resolved: Resolved, property: string | undefined): Link => {
  switch (resolved.kind) {
    case "function": {
      const fn = resolved.module.summary.functions[resolved.index];
      return fn ? { kind: "function", file: resolved.module.file, fn } : { kind: "plain" };
    }
    case "runtime":
      return runtimeSteps.has(resolved.name) ? { kind: "step", name: resolved.name } : { kind: "plain" };
    case "choice": {
      const links = resolved.of.map((each) => linkOf(each, property));
      return links.some((each) => each.kind === "possible") ? { kind: "possible" } : { kind: "either", of: links };
    }
    case "unknown":
      return { kind: "possible" };
    case "unresolved":
      return property === undefined ? { kind: "possible" } : { kind: "method", property, open: resolved.open };
    default:
      return { kind: "plain" };
  }
};

function linkCall({ callee, property, passedTo }: CallSummary, module: Module): Link {
  const link = linkOf(resolveValue(callee, module), property);
  if (!passedTo || link.kind === "function")
    return passedTo && resolveValue(passedTo, module).kind === "runtime" ? { kind: "plain" } : link;
  return { kind: "plain" }; // the value may be anything, and need not be called
}

/** The evaluation of one module toward the least fixpoint. Values only change from false to true, so it ends. */
export class Evaluation {
  readonly module: Module;
  readonly result: Durability;
  private readonly links: readonly Link[];
  private readonly imported: readonly Resolved[];
  private readonly importedFiles: readonly string[];

  constructor(module: Module) {
    const { functions, calls, importedValues, imports } = module.summary;
    this.module = module;
    this.links = calls.map((call) => linkCall(call, module));
    this.imported = importedValues.map((value) => resolveValue(value, module));
    this.importedFiles = imports.flatMap((from) => module.follow(from)?.file ?? []);
    const directed = functions.map(({ kind }) => kind !== undefined);
    this.result = {
      strong: [...directed],
      durable: [...directed],
      compiled: module.summary.hasDirective,
      methods: new Map(),
    };
    for (const each of functions) if (each.kind !== undefined) this.addMethod(each);
  }

  /** Makes one pass. Returns whether anything changed. */
  step(of: DurabilityOf): boolean {
    let changed = false;
    const { result } = this;
    if (!result.compiled && (this.holdsDurable(of) || this.imported.some((each) => isDurable(each, of)))) {
      result.compiled = true;
      changed = true;
    }
    this.module.summary.calls.forEach((call, i) => {
      const link = this.links[i];
      if (link && this.propagate(call, link, of)) changed = true;
    });
    return changed;
  }

  private propagate(call: CallSummary, link: Link, of: DurabilityOf): boolean {
    const owner = call.owner === undefined ? undefined : this.module.summary.functions[call.owner];
    if (!owner || owner.plain || isMention(call)) return false;
    const strength = this.strengthOf(link, of);
    return strength !== undefined && this.raise(owner, strength);
  }

  private raise(fn: FunctionSummary, strength: "strong" | "weak"): boolean {
    const { strong, durable } = this.result;
    const before = durable[fn.index] === true && (strength === "weak" || strong[fn.index] === true);
    if (before) return false;
    durable[fn.index] = true;
    if (strength === "strong") {
      strong[fn.index] = true;
      this.addMethod(fn);
    }
    return true;
  }

  private addMethod(fn: FunctionSummary): void {
    const { methods } = this.result;
    if (fn.method !== undefined && !fn.plain && !methods.has(fn.method)) methods.set(fn.method, fn);
  }

  private strengthOf(link: Link, of: DurabilityOf): "strong" | "weak" | undefined {
    switch (link.kind) {
      case "step":
        return "strong";
      case "function": {
        const target = of(link.file);
        return target?.strong[link.fn.index] ? "strong" : target?.durable[link.fn.index] ? "weak" : undefined;
      }
      case "either": {
        const strengths = link.of.map((each) => this.strengthOf(each, of));
        return strengths.includes("strong") ? "strong" : strengths.find((each) => each !== undefined);
      }
      case "method":
        return this.methodNamed(link.property, of) ? "strong" : link.open && this.result.compiled ? "weak" : undefined;
      case "possible":
        return this.result.compiled ? "weak" : undefined;
      case "plain":
        return undefined;
    }
  }

  private methodNamed(
    property: string,
    of: DurabilityOf,
  ): Omit<Extract<Link, { kind: "function" }>, "kind"> | undefined {
    const own = this.result.methods.get(property);
    if (own) return { file: this.module.file, fn: own };
    for (const file of this.importedFiles) {
      const fn = of(file)?.methods.get(property);
      if (fn) return { file, fn };
    }
    return undefined;
  }

  private holdsDurable(of: DurabilityOf): boolean {
    return this.result.durable.includes(true) || this.hasTopLevelCall(of);
  }

  /** Whether the module makes a durable call outside of its functions. */
  hasTopLevelCall(of: DurabilityOf): boolean {
    return this.module.summary.calls.some(({ owner, passedTo }, i) => {
      const link = this.links[i];
      return (
        owner === undefined &&
        passedTo === undefined &&
        link !== undefined &&
        link.kind !== "possible" &&
        this.strengthOf(link, of) !== undefined
      );
    });
  }

  targets(of: DurabilityOf): Target[] {
    return this.links.map((link, i): Target => {
      const strength = this.strengthOf(link, of);
      if (strength === undefined) return { kind: "plain" };
      const target = this.named(link, of);
      const from = this.elsewhere(link, i, of);
      return target ? { ...target, ...(from && { from }) } : { kind: "possible" };
    });
  }

  private elsewhere(link: Link, call: number, of: DurabilityOf): DefinedElsewhere | undefined {
    const { callee } = this.module.summary.calls[call] ?? {};
    const found =
      link.kind === "function" ? link : link.kind === "method" ? this.methodNamed(link.property, of) : undefined;
    const isStrong = found && of(found.file)?.strong[found.fn.index] === true;
    return callee && isStrong ? definedElsewhere(callee, this.module, found, link.kind === "method") : undefined;
  }

  private commonName(links: readonly Link[], of: DurabilityOf): Target | undefined {
    const [first, ...others] = links.flatMap((each) =>
      this.strengthOf(each, of) === undefined ? [] : [this.named(each, of)],
    );
    const name = first?.kind === "durable" ? first.name : undefined;
    return name !== undefined && others.every((each) => each?.kind === "durable" && each.name === name)
      ? { kind: "durable", name, certain: false }
      : undefined;
  }

  private named(link: Link, of: DurabilityOf): Target | undefined {
    if (link.kind === "step") return { kind: "durable", name: link.name, certain: true };
    if (link.kind === "method") {
      const found = this.methodNamed(link.property, of);
      return found && { kind: "durable", name: found.fn.name, certain: false };
    }
    if (link.kind === "either") return this.commonName(link.of, of);
    return link.kind === "function" ? { kind: "durable", name: link.fn.name, certain: link.fn.async } : undefined;
  }
}

function isDurable(resolved: Resolved, of: DurabilityOf, depth = 0): boolean {
  const any = (values: Iterable<Value>, module: Module): boolean =>
    depth < 2 && [...values].some((value) => isDurable(resolveValue(value, module), of, depth + 1));
  switch (resolved.kind) {
    case "function":
      return of(resolved.module.file)?.durable[resolved.index] === true;
    case "runtime":
      return runtimeSteps.has(resolved.name);
    case "class":
    case "instance": {
      const summary = resolved.module.summary.classes[resolved.index];
      return summary !== undefined && any([...summary.statics.values(), ...summary.members.values()], resolved.module);
    }
    case "object":
      return any(resolved.module.summary.objects[resolved.index]?.values() ?? [], resolved.module);
    case "namespace":
      return any(resolved.module.summary.exports.values(), resolved.module);
    default:
      return false;
  }
}
