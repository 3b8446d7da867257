import type { Analysis } from "../model/analysis.ts";
import type { ModuleModel } from "../model/model.ts";
import type { Edit, Plan } from "./edits.ts";

interface ErrorClasses {
  readonly edits: readonly Edit[];
  readonly readClasses: Plan["prelude"]["readClasses"];
}

/** The registrations of error classes. */
export function planErrorClasses(
  { derived }: ModuleModel,
  { errorClasses, testedClasses }: Analysis,
  projectPath: (file: string) => string,
): ErrorClasses {
  const declared = derived.filter((_, i) => errorClasses[i] !== undefined);
  return {
    edits: declared.flatMap(({ node, name, isLocal, variable }): Edit[] =>
      variable === undefined ? [{ kind: "errorClass", node, name, isLocal }] : [],
    ),
    readClasses: [
      ...declared.flatMap(({ name, variable }) => (variable === undefined ? [] : [{ name, expression: variable }])),
      ...testedClasses.map(({ name, file, expression }) => ({
        name: file === undefined ? name : `./${projectPath(file)}#${name}`,
        expression,
      })),
    ],
  };
}
