import { parseSync } from "oxc-parser";

/** What belongs to a workflow or a task, though it is a statement. */
const settings = /^(?:taskOptions|workflowOptions|queue)\(/;

/**
 * The text of an example without its main program: of the statements after its last workflow, the functions and options stay. Everything that
 * stays is as it was, in its line.
 */
export function withoutMain(file: string, text: string): string {
  const { body } = parseSync(file, text).program;
  const last = body.findLast(
    (each) => each.type === "ExportNamedDeclaration" && each.declaration?.type === "FunctionDeclaration",
  );
  const main = body.filter(
    ({ type, start, end }) =>
      start > (last?.start ?? 0) &&
      !/^(?:TS|Import|Export|Function)/.test(type) &&
      !settings.test(text.slice(start, end)),
  );
  let rest = text;
  for (const { start, end } of main.toReversed())
    rest = rest.slice(0, start) + rest.slice(start, end).replaceAll(/[^\n]/g, " ") + rest.slice(end);
  return rest;
}
