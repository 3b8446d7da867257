import type { Analysis } from "../model/analysis.ts";
import type { ModuleModel } from "../model/model.ts";
import type { Edit } from "./edits.ts";

/** The registrations of the error classes that the module declares. Classes of one name are numbered: `Declined`, `Declined~1`. */
export function planErrorClasses({ derived }: ModuleModel, { errorClasses }: Analysis): Edit[] {
  const counts = new Map<string, number>();
  return derived
    .filter((_, i) => errorClasses[i] !== undefined)
    .map(({ node, name, isLocal }): Edit => {
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      return { kind: "errorClass", node, name: count === 0 ? name : `${name}~${count}`, isLocal };
    });
}
