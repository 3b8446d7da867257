import { ts } from "ts-morph";
import type { Culprit } from "../diagnostics/check-messages.ts";
import { isPlatform, knownType, type Known } from "./known-types.ts";
import type { RegisteredClasses } from "./registered.ts";

/** The parts of a type that are a problem. */
export interface Verdict {
  /** Parts that cannot be stored. */
  readonly refused: readonly Culprit[];
  /** Parts that cannot be stored if they are instances of a class. */
  readonly unregistered: readonly Culprit[];
  /** Parts that are restored as something else. */
  readonly changed: readonly Culprit[];
}

/** The result of inspecting one type without its parts: problems, and the parts to inspect next. */
interface Inspection {
  readonly remarks: readonly Remark[];
  readonly parts: readonly Part[];
}
type Remark = Culprit & { readonly as: keyof Verdict };
type Part = readonly [suffix: string, type: ts.Type];

const nothing: Inspection = { remarks: [], parts: [] };
const remark = (as: keyof Verdict, found: string, parts: readonly Part[] = []): Inspection => ({
  remarks: [{ as, path: "", found }],
  parts,
});
const promise = remark("refused", "a promise (is an await missing?)");
const parts = (list: readonly Part[]): Inspection => ({ remarks: [], parts: list });

/** Types can be infinite, so the depth is limited. */
const MAX_DEPTH = 16;
const MAX_TYPES = 5_000;

const { TypeFlags, ObjectFlags, SymbolFlags, ElementFlags } = ts;
const primitive =
  TypeFlags.StringLike |
  TypeFlags.NumberLike |
  TypeFlags.BigIntLike |
  TypeFlags.BooleanLike |
  TypeFlags.EnumLike |
  TypeFlags.VoidLike |
  TypeFlags.Null |
  TypeFlags.Never;

/** Errors of Perdure, which are restored as instances of their own class. */
const ownErrors = new Set([
  "FatalError",
  "RetryableError",
  "TimeoutError",
  "CancelledError",
  "ProcessDiedError",
  "PerdureError",
]);

/** Decides from types which values the runtime's codec cannot store. */
export class Storability {
  private readonly program: ts.Program;
  private readonly checker: ts.TypeChecker;
  private readonly registered: RegisteredClasses;

  constructor(program: ts.Program, registered: RegisteredClasses) {
    this.program = program;
    this.checker = program.getTypeChecker();
    this.registered = registered;
  }

  /** Inspects a type breadth-first, so that each problem is reported with its shortest path. */
  judge(type: ts.Type, path: string): Verdict {
    const verdict: Record<keyof Verdict, Culprit[]> = { refused: [], unregistered: [], changed: [] };
    const seen = new Set<ts.Type>();
    let level: Part[] = [[path, type]];
    for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
      const next: Part[] = [];
      for (const [at, each] of level) {
        if (seen.has(each) || seen.size >= MAX_TYPES) continue;
        seen.add(each);
        const inspection = this.inspect(each);
        for (const { as, path: suffix, found } of inspection.remarks) add(verdict[as], { path: at + suffix, found });
        // the members of a union have the path of the union
        for (const [suffix, part] of inspection.parts) (suffix === "" ? level : next).push([at + suffix, part]);
      }
      level = next;
    }
    return verdict;
  }

  private inspect(type: ts.Type): Inspection {
    if (type.flags & primitive) return nothing;
    if (type.flags & TypeFlags.ESSymbolLike) return remark("refused", "a symbol");
    if (type.isUnion()) return parts(type.types.map((each) => ["", each]));
    if (type.isIntersection()) return this.inspectIntersection(type);
    if (isObject(type)) return this.nominal(type) ?? this.structure(type);
    const constraint = isThis(type) ? this.checker.getBaseConstraintOfType(type) : undefined;
    return constraint ? parts([["", constraint]]) : nothing; // nothing is known about any, unknown, object and type parameters
  }

  private inspectIntersection(type: ts.IntersectionType): Inspection {
    if (type.types.some(({ flags }) => flags & primitive)) return nothing; // a branded string
    const inspections = type.types.flatMap((each) => (isObject(each) ? (this.nominal(each) ?? []) : []));
    const isWrittenOut = inspections.every(({ remarks }) => remarks.some(({ as }) => as === "unregistered"));
    // without a class that has behavior, the value has the properties of all members
    const all = isWrittenOut ? [...inspections, this.structure(type)] : inspections;
    return { remarks: all.flatMap((each) => each.remarks), parts: all.flatMap((each) => each.parts) };
  }

  /** Inspects a type that its name identifies: a built-in type, a class, an array. `undefined` if only its structure counts. */
  private nominal(type: ts.ObjectType): Inspection | undefined {
    if (isCallable(type)) return remark("refused", "a function");
    if (this.checker.isTupleType(type)) return parts(this.elements(type));
    const line = this.ancestors(type);
    if (line.some(({ symbol }) => this.registered.has(symbol))) return nothing;
    for (const ancestor of line) {
      const known = knownType(ancestor.symbol, this.program);
      if (known !== undefined) return this.inspectKnown(type, ancestor.type, known);
    }
    return this.inspectClass(type);
  }

  private inspectKnown(type: ts.ObjectType, known: ts.Type, what: Known): Inspection {
    if (what === "open") return nothing;
    if (what === "promise") return promise;
    if (what === "function") return remark("refused", "a function");
    const held = what === "stored" ? [] : zip(what.holds, this.argumentsOf(known));
    const symbol = type.getSymbol();
    const isSubclass =
      known !== type &&
      symbol !== undefined &&
      (symbol.flags & SymbolFlags.Class) !== 0 &&
      !ownErrors.has(symbol.name) &&
      !this.isProjectError(type, symbol);
    return isSubclass
      ? remark("changed", `${this.name(type)}, which comes back as ${withArticle(known.getSymbol()?.name ?? "")}`, held)
      : parts(held);
  }

  /** Whether the project declares the class, and its instances are errors. The compiler registers such classes. */
  private isProjectError(type: ts.ObjectType, { declarations = [] }: ts.Symbol): boolean {
    const isError = this.ancestors(type).some(
      ({ symbol }) => symbol.name === "Error" && isPlatform(symbol, this.program),
    );
    return isError && declarations.some((each) => this.isOfProject(each.getSourceFile()));
  }

  private isOfProject(file: ts.SourceFile): boolean {
    return !file.isDeclarationFile && !this.program.isSourceFileFromExternalLibrary(file);
  }

  private inspectClass(type: ts.ObjectType): Inspection | undefined {
    const symbol = type.getSymbol();
    if (!symbol) return undefined;
    if (!this.isClass(symbol))
      return this.isService(type, symbol)
        ? remark("refused", `${this.name(type)} (an object with methods)`)
        : undefined;
    const found = `${this.name(type)} (a class that is not registered)`;
    // an object literal is assignable to a class with only data; a class with behavior accepts only instances, or objects with functions
    const certain =
      isPlatform(symbol, this.program) || this.checker.getPropertiesOfType(type).some((each) => this.isBehavior(each));
    return certain ? remark("refused", found) : remark("unregistered", found, this.structure(type).parts);
  }

  private structure(type: ts.Type): Inspection {
    if (isCallable(type)) return remark("refused", "a function");
    const found: Part[] = [];
    const remarks: Remark[] = [];
    for (const property of this.checker.getPropertiesOfType(type)) {
      const suffix = suffixOf(property.name);
      const held = this.checker.getTypeOfSymbol(property);
      if (property.name === "then" && isCallable(held)) return promise;
      if (property.name.startsWith("__@")) {
        if (this.isRealKey(property)) remarks.push({ as: "refused", path: "", found: "an object with symbol keys" });
      } else if (isCallable(this.checker.getNonNullableType(held)))
        remarks.push({ as: "refused", path: suffix, found: "a function" });
      else found.push([suffix, held]);
    }
    for (const { keyType, type: held } of this.checker.getIndexInfosOfType(type))
      found.push([keyType.flags & TypeFlags.Number ? "[number]" : "[string]", held]);
    return { remarks: remarks.slice(0, 1), parts: found }; // one problem is enough for an object with many methods
  }

  /** The types of a class and its base classes, nearest first. */
  private ancestors(type: ts.Type): { readonly type: ts.Type; readonly symbol: ts.Symbol }[] {
    if (type.isIntersection()) return type.types.flatMap((each) => this.ancestors(each));
    const symbol = type.getSymbol();
    if (!symbol) return [];
    const declared = isReference(type) ? type.target : type;
    const bases = declared.isClassOrInterface() ? this.checker.getBaseTypes(declared) : [];
    return [{ type, symbol }, ...bases.flatMap((each) => this.ancestors(each))];
  }

  /** Whether the symbol is a class, or an interface with a constructor variable of the same name. */
  private isClass(symbol: ts.Symbol): boolean {
    if (symbol.flags & SymbolFlags.Class) return true;
    if (!(symbol.flags & SymbolFlags.Interface) || !(symbol.flags & SymbolFlags.Variable)) return false;
    return this.checker.getTypeOfSymbol(symbol).getConstructSignatures().length > 0;
  }

  /** Whether the type is a platform interface with required methods, such as an iterator or a stream. */
  private isService(type: ts.Type, symbol: ts.Symbol): boolean {
    if (!(symbol.flags & SymbolFlags.Interface) || !isPlatform(symbol, this.program)) return false;
    return this.checker
      .getPropertiesOfType(type)
      .some(({ flags }) => flags & SymbolFlags.Method && !(flags & SymbolFlags.Optional));
  }

  private isBehavior(member: ts.Symbol): boolean {
    if (member.flags & SymbolFlags.Method || member.name.startsWith("__#")) return true;
    const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
    if (member.declarations?.some((each) => ts.getCombinedModifierFlags(each) & hidden)) return true;
    return isCallable(this.checker.getTypeOfSymbol(member));
  }

  /** Whether a symbol key exists at run time. `declare const brand: unique symbol`, which brands a type, does not. */
  private isRealKey({ declarations = [] }: ts.Symbol): boolean {
    return declarations.some((each) => {
      const name = ts.getNameOfDeclaration(each);
      const symbol =
        name && ts.isComputedPropertyName(name) ? this.checker.getSymbolAtLocation(name.expression) : undefined;
      const declared = symbol && this.target(symbol).valueDeclaration;
      if (!declared) return false;
      if (this.program.isSourceFileDefaultLibrary(declared.getSourceFile())) return true; // for example Symbol.iterator
      return (
        !declared.getSourceFile().isDeclarationFile &&
        !(ts.getCombinedModifierFlags(declared) & ts.ModifierFlags.Ambient)
      );
    });
  }

  private target(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  private elements(type: ts.Type): Part[] {
    const flags = isReference(type) && isTuple(type.target) ? type.target.elementFlags : [];
    const fixed = flags.findIndex((flag) => flag & ElementFlags.Variable);
    return this.argumentsOf(type).map((each, i) => [
      (flags[i] ?? 0) & ElementFlags.Variadic ? "" : fixed < 0 || i < fixed ? `[${i}]` : "[number]",
      each,
    ]);
  }

  private argumentsOf(type: ts.Type): readonly ts.Type[] {
    return isReference(type) ? this.checker.getTypeArguments(type) : [];
  }

  private name(type: ts.Type): string {
    const text = this.checker.typeToString(type).replace(/<.*/, "");
    return /^[\w$.]+$/.test(text) && text !== "default" ? text : "a class without a name";
  }
}

/** Several members of a union may lead to the same path and text. */
function add(list: Culprit[], { path, found }: Culprit): void {
  if (!list.some((each) => each.path === path && each.found === found)) list.push({ path, found });
}

const isObject = (type: ts.Type): type is ts.ObjectType => (type.flags & TypeFlags.Object) !== 0;
const isReference = (type: ts.Type): type is ts.TypeReference =>
  isObject(type) && (type.objectFlags & ObjectFlags.Reference) !== 0;
const isTuple = (type: ts.ObjectType): type is ts.TupleType => (type.objectFlags & ObjectFlags.Tuple) !== 0;
const isCallable = (type: ts.Type): boolean =>
  type.getCallSignatures().length + type.getConstructSignatures().length > 0;

/** The polymorphic `this` type. */
const isThis = (type: ts.Type): boolean =>
  type.isTypeParameter() && ((type.getSymbol()?.flags ?? 0) & (SymbolFlags.Class | SymbolFlags.Interface)) !== 0;

const zip = (suffixes: readonly string[], types: readonly ts.Type[]): Part[] =>
  suffixes.flatMap((suffix, i) => (types[i] ? [[suffix, types[i]] as const] : []));

/** Formats a key as the runtime formats paths. */
const suffixOf = (name: string): string =>
  /^[\w$]+$/.test(name) && !/^\d/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;

const withArticle = (name: string): string => `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
