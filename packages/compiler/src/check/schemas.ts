import { ts } from "ts-morph";
import { callsWith, declarationOf, initializerOf, placeOf, unwrap } from "./calls.ts";

/**
 * The functions of a file's `taskOptions(fetchInvoice, { result: schema })` that are declared with the type that the schema makes. What
 * such a task returns, and what is stored, is something else, of which the types say nothing.
 */
export function remadeResults(file: ts.SourceFile, checker: ts.TypeChecker): string[] {
  const found: string[] = [];
  callsWith(file, "taskOptions", "result", (call) => {
    const [task] = call.arguments;
    const fn = task && functionOf(task, checker);
    if (
      fn &&
      isSame(
        resultOf(checker.getTypeAtLocation(task), checker),
        resultOf(checker.getTypeAtLocation(call), checker),
        checker,
      )
    )
      found.push(placeOf(fn));
  });
  return found;
}

/** The function that an expression is or names. */
function functionOf(node: ts.Expression, checker: ts.TypeChecker): ts.Node | undefined {
  const inner = unwrap(node);
  const declaration = declarationOf(inner, checker);
  return [inner, declaration, initializerOf(declaration)].find((each) => each && ts.isFunctionLike(each));
}

function resultOf(fn: ts.Type, checker: ts.TypeChecker): ts.Type | undefined {
  const result = fn.getCallSignatures()[0]?.getReturnType();
  return result && checker.getAwaitedType(result);
}

function isSame(a: ts.Type | undefined, b: ts.Type | undefined, checker: ts.TypeChecker): boolean {
  return !a || !b || (checker.isTypeAssignableTo(a, b) && checker.isTypeAssignableTo(b, a));
}
