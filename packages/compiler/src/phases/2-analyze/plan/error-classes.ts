import type { Analysis } from "../model/analysis.ts";
import type { ModuleModel } from "../model/model.ts";
import type { Edit, Plan } from "./edits.ts";

/** The registrations of error classes. Declared classes of one name are numbered: `Declined`, `Declined~1`. */
export function planErrorClasses(
  { derived }: ModuleModel,
  { errorClasses, testedClasses }: Analysis,
): { readonly edits: readonly Edit[]; readonly readClasses: Plan["prelude"]["readClasses"] } {
  const counts = new Map<string, number>();
  const declared = derived
    .filter((_, i) => errorClasses[i] !== undefined)
    .map((each) => {
      const count = counts.get(each.name) ?? 0;
      counts.set(each.name, count + 1);
      return { ...each, name: count === 0 ? each.name : `${each.name}~${count}` };
    });
  return {
    edits: declared.flatMap(({ node, name, isLocal, variable }): Edit[] =>
      variable === undefined ? [{ kind: "errorClass", node, name, isLocal }] : [],
    ),
    readClasses: [
      ...declared.flatMap(({ name, variable }) => (variable === undefined ? [] : [{ name, expression: variable }])),
      ...testedClasses,
    ],
  };
}
