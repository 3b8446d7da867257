import type { CallSummary } from "../../phases/2-analyze/model/summary.ts";
import { originOf, resolveValue, type Module, type Resolved } from "../links/link.ts";

/** Providers of the AI SDK: its own, and those that are named as it proposes. */
const provider = /^@ai-sdk\/|(?:^|[/-])ai(?:-sdk)?-provider$/;

/** The function or agent of the AI SDK that a call uses, if it calls a model, and the model certainly comes from a provider as it is. */
export function undurableModelIn(call: CallSummary, module: Module): string | undefined {
  const { from, name, settings } = originOf(resolveValue(call.callee, module)) ?? {};
  // wrapLanguageModel({ model, … }) and its like call nothing
  if (from !== "ai" || name === undefined || /wrap/i.test(name)) return undefined;
  const given = settings ?? (call.settings && { value: call.settings, module });
  const isUndurable =
    given && comesFromProvider(resolveValue({ kind: "member", object: given.value, name: "model" }, given.module));
  return isUndurable ? name : undefined;
}

function comesFromProvider(model: Resolved): boolean {
  if (model.kind === "choice") return model.of.every(comesFromProvider);
  // the id of a model, for the AI Gateway
  if (model.kind === "known" && model.isText) return true;
  const { from, name = "" } = originOf(model) ?? {};
  return from !== undefined && (provider.test(from) || (from === "ai" && /gateway/i.test(name)));
}

/** Whether what the call is given runs in tasks: tools, and the model that is called. */
export const makesDurable = ({ callee, passedTo }: CallSummary, module: Module): boolean =>
  !passedTo && originOf(resolveValue(callee, module))?.from === "perdure-ai";
