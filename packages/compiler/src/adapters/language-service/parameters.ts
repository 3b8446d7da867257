import type { ts } from "ts-morph";
import type { Step } from "./spot.ts";

/** What a step of a placeholder can be: a parameter, or a member of the value before it. */
export interface Candidate {
  /** As written in the placeholder. */
  readonly name: string;
  /** `undefined` for an element of an array. */
  readonly symbol: ts.Symbol | undefined;
  readonly type: ts.Type;
  readonly isParameter: boolean;
}

/** Follows placeholders such as `{order.id}` from the parameters of a function through their types. */
export class Parameters {
  private readonly api: typeof ts;
  private readonly checker: ts.TypeChecker;
  private readonly fn: ts.FunctionLikeDeclaration;

  constructor(api: typeof ts, checker: ts.TypeChecker, fn: ts.FunctionLikeDeclaration) {
    this.api = api;
    this.checker = checker;
    this.fn = fn;
  }

  /** What the last of these steps can be. */
  candidates(before: readonly Step[]): Candidate[] {
    let found = this.roots();
    for (const step of before) {
      const chosen = found.find((each) => each.name === step.text);
      if (!chosen) return [];
      found = this.members(chosen.type);
    }
    return found;
  }

  /** What a placeholder means up to its step `at`. */
  resolve(steps: readonly Step[], at: number): Candidate | undefined {
    return this.candidates(steps.slice(0, at)).find((each) => each.name === steps[at]?.text);
  }

  private roots(): Candidate[] {
    return this.fn.parameters.flatMap((each) => this.names(each.name));
  }

  /** A copy that a pattern makes (`{ ...rest }`) has no place in the arguments. */
  private names(name: ts.BindingName): Candidate[] {
    const { api, checker } = this;
    if (!api.isIdentifier(name))
      return name.elements.flatMap((each) =>
        api.isOmittedExpression(each) || each.dotDotDotToken ? [] : this.names(each.name),
      );
    const symbol = checker.getSymbolAtLocation(name);
    if (!symbol || name.text === "this") return [];
    return [{ name: name.text, symbol, type: checker.getTypeAtLocation(name), isParameter: true }];
  }

  private members(type: ts.Type): Candidate[] {
    const { checker, fn } = this;
    const value = checker.getApparentType(checker.getNonNullableType(type));
    if (isPrimitive(this.api, checker.getNonNullableType(type))) return [];
    const elements = checker.getIndexTypeOfType(value, this.api.IndexKind.Number);
    if (elements && checker.isArrayLikeType(value)) return this.elements(value, elements);
    return checker.getPropertiesOfType(value).flatMap((symbol): Candidate[] => {
      const of = checker.getTypeOfSymbolAtLocation(symbol, fn);
      return isData(this.api, symbol, of) ? [{ name: symbol.name, symbol, type: of, isParameter: false }] : [];
    });
  }

  /** The elements of a tuple, or the first one of an array. */
  private elements(value: ts.Type, type: ts.Type): Candidate[] {
    const { checker, fn } = this;
    const own = checker.getPropertiesOfType(value).filter(({ name }) => /^\d+$/.test(name));
    if (own.length > 0)
      return own.map((symbol) => ({
        name: symbol.name,
        symbol,
        type: checker.getTypeOfSymbolAtLocation(symbol, fn),
        isParameter: false,
      }));
    return [{ name: "0", symbol: undefined, type, isParameter: false }];
  }
}

function isPrimitive(api: typeof ts, type: ts.Type): boolean {
  const { TypeFlags } = api;
  const flags =
    TypeFlags.StringLike | TypeFlags.NumberLike | TypeFlags.BooleanLike | TypeFlags.BigIntLike | TypeFlags.ESSymbolLike;
  return (type.flags & flags) !== 0 || (type.isUnion() && type.types.every((each) => isPrimitive(api, each)));
}

/** Whether a member is data with a name that a placeholder can hold, and not a method or a private member. */
function isData(api: typeof ts, symbol: ts.Symbol, type: ts.Type): boolean {
  const { ModifierFlags } = api;
  const hidden = (symbol.declarations ?? []).some(
    (each) => (api.getCombinedModifierFlags(each) & (ModifierFlags.Private | ModifierFlags.Protected)) !== 0,
  );
  return !hidden && /^[\p{ID_Continue}$]+$/u.test(symbol.name) && type.getCallSignatures().length === 0;
}
