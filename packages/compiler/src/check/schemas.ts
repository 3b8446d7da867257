import { ts } from "ts-morph";
import { callsWith, declarationOf, initializerOf, placeOf, unwrap } from "./calls.ts";

/**
 * Places of the functions that a file passes to `taskOptions(fetchInvoice, { result: schema })`, if they are declared with the schema's
 * output type. The value that such a task returns and stores is the schema's input, about which the types say nothing.
 */
export function resultsOfSchemas(file: ts.SourceFile, checker: ts.TypeChecker): string[] {
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

/** The function that an expression is or refers to. */
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
