import { ts } from "ts-morph";
import { callsWith, declarationOf, initializerOf, placeOf } from "./calls.ts";

/** The classes whose instances can be stored. */
export class RegisteredClasses {
  private readonly names: ReadonlySet<string>;
  private readonly places = new Set<string>();

  constructor(names: readonly string[]) {
    this.names = new Set(names);
  }

  has({ name, declarations = [] }: ts.Symbol): boolean {
    return this.names.has(name) || declarations.some((each) => this.places.has(placeOf(each)));
  }

  /** Adds the classes that a file registers with `configure({ classes: [{ type: Money, … }] })`. */
  addFrom(file: ts.SourceFile, checker: ts.TypeChecker): void {
    callsWith(file, "configure", "classes", (_, classes) => {
      for (const type of codecTypes(classes, checker)) this.addCodec(type, checker);
    });
  }

  /** Adds the class whose constructor is the codec's `type`. */
  private addCodec(codec: ts.Type, checker: ts.TypeChecker): void {
    const type = codec.getProperty("type");
    for (const signature of type ? checker.getTypeOfSymbol(type).getConstructSignatures() : []) {
      for (const each of signature.getReturnType().getSymbol()?.declarations ?? []) this.places.add(placeOf(each));
    }
  }
}

/** The types of the codecs in a list. In an array literal each element is read separately, since TypeScript would merge their types. */
function codecTypes(list: ts.Expression, checker: ts.TypeChecker): readonly ts.Type[] {
  const literal = ts.isArrayLiteralExpression(list) ? list : initializerOf(declarationOf(list, checker));
  if (literal && ts.isArrayLiteralExpression(literal)) {
    return literal.elements.flatMap((each) =>
      ts.isSpreadElement(each) ? codecTypes(each.expression, checker) : [checker.getTypeAtLocation(each)],
    );
  }
  const element = checker.getIndexTypeOfType(checker.getTypeAtLocation(list), ts.IndexKind.Number);
  return element?.isUnion() ? element.types : element ? [element] : [];
}
