import { ABI_MODULE, ABI_VERSION } from "@perdure/protocol";
import type { Plan } from "../2-analyze/plan/edits.ts";
import { declareSlots } from "./computed-keys/slots.ts";
import { defineCalls } from "./definitions/define.ts";
import { jsonLiteral, type RewriteContext } from "./text/context.ts";

/**
 * Goes in front of the first statement, on its line. The handle is a hoisted function, so that it works in import
 * cycles before the module is evaluated. A module registers when it is evaluated at the latest, also where it defines nothing: the code of a run
 * must not depend on what has been called before. Where coverage may be measured, a hint (of Istanbul, which V8's coverage of Vitest knows as well) keeps the
 * handle out of the functions that are counted.
 */
export function prelude(
  { info, prelude: { commonJs, entries, slots, readClasses } }: Plan,
  context: RewriteContext,
  isMeasured: boolean,
): string {
  const { namespace, handle } = context.names;
  const source = JSON.stringify(ABI_MODULE);
  const load = commonJs ? `require(${source})` : namespace;
  const classes = readClasses.map(({ name, expression }) => `[${jsonLiteral(name)}, () => ${expression}]`).join(", ");
  const register = `${load}.module(${ABI_VERSION}, ${jsonLiteral(info)}${classes && `, [${classes}]`})`;
  const define = entries.length === 0 ? `${handle}();` : defineCalls(entries, context);
  const hint = isMeasured ? "/* istanbul ignore next */ " : "";
  const parts = [
    `${hint}function ${handle}() { return ${handle}.m ??= ${register}; }`,
    define,
    declareSlots(slots, context),
  ];
  if (!commonJs) parts.unshift(`import * as ${namespace} from ${source};`);
  return `${parts.filter((part) => part !== "").join(" ")} `;
}
