import type { CallSummary } from "../../phases/2-analyze/model/summary.ts";
import { originOf, resolveValue, type Module, type Origin, type Resolved } from "../links/link.ts";

/** The packages of providers: those of the AI SDK, and others by their usual names. */
const provider = /^@ai-sdk\/|(?:^|[/-])ai(?:-sdk)?-provider$/;

/** The function or agent of the AI SDK with which a call calls a model that certainly comes from a provider as it is. */
export function providerModelIn(call: CallSummary, module: Module): string | undefined {
  const { from, name = "", settings } = calledOrigin(call, module) ?? {};
  // wrapLanguageModel({ model, … }) calls nothing
  if (from !== "ai" || /wrap/i.test(name)) return undefined;
  const given = settings ?? (call.settings && { value: call.settings, module });
  if (!given) return undefined;
  const model = resolveValue({ kind: "member", object: given.value, name: "model" }, given.module);
  return comesFromProvider(model) ? name : undefined;
}

function comesFromProvider(model: Resolved): boolean {
  if (model.kind === "choice") return model.of.every(comesFromProvider);
  // the id of a model, for the AI Gateway
  if (model.kind === "known" && model.isText) return true;
  const { from = "", name = "" } = originOf(model) ?? {};
  return provider.test(from) || (from === "ai" && /gateway/i.test(name));
}

/** Whether what the call is given runs in tasks: the functions of tools and of a model. */
export const makesDurable = (call: CallSummary, module: Module): boolean =>
  calledOrigin(call, module)?.from === "perdure-ai";

/** The export of a package that is called, or whose instance has the method that is called. */
function calledOrigin({ callee, passedTo }: CallSummary, module: Module): Origin | undefined {
  const called = passedTo ? undefined : resolveValue(callee, module);
  return called?.kind === "known" ? called.origin : undefined;
}
