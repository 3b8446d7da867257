import type { Analysis } from "../phases/2-analyze/model/analysis.ts";
import { resolveValue, type Module, type Resolved } from "./links/link.ts";

/** A call that is durable, or may be. */
export interface FollowedCall {
  /** Offset of the call. */
  readonly start: number;
  /** The functions that may be called, each with the absolute path of its file, or `perdure`. Empty if the value comes from elsewhere. */
  readonly to: readonly { readonly name: string; readonly file: string }[];
}

/** The functions that the calls of a module may reach, without the calls that are certainly not durable. */
export const followedCalls = (module: Module, { targets }: Pick<Analysis, "targets">): FollowedCall[] =>
  module.summary.calls.flatMap(({ callee, start }, i) =>
    targets[i] === undefined || targets[i].kind === "plain"
      ? []
      : [{ start, to: functionsOf(resolveValue(callee, module)) }],
  );

function functionsOf(resolved: Resolved): FollowedCall["to"] {
  switch (resolved.kind) {
    case "function": {
      const fn = resolved.module.summary.functions[resolved.index];
      return fn ? [{ name: fn.name, file: resolved.module.file }] : [];
    }
    case "runtime":
      return [{ name: resolved.name, file: "perdure" }];
    case "choice":
      return resolved.of.flatMap(functionsOf);
    default:
      return [];
  }
}
