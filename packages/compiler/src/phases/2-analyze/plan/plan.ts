import { ABI_NAMESPACE, type FunctionInfo, type ModuleInfo, type SiteInfo } from "@perdure/protocol";
import type { CallExpression, Node, TaggedTemplateExpression } from "oxc-parser";
import { locatorOf } from "../../../diagnostics/diagnostic.ts";
import { projectPath } from "../../../files/paths.ts";
import { isErased, unwrap } from "../../../syntax/ast.ts";
import { combineHashes, hashProgram } from "../../../syntax/hash.ts";
import type { Parsed } from "../../1-parse/parse.ts";
import type { Analysis, DefinedElsewhere } from "../model/analysis.ts";
import type { FunctionModel, LoopModel, ModuleModel } from "../model/model.ts";
import { isMention } from "../model/summary.ts";
import { planCleanUps } from "./clean-ups.ts";
import type { Edit, Plan } from "./edits.ts";
import { planErrorClasses } from "./error-classes.ts";
import { handedOver } from "./handed-over.ts";
import type { AnalysisInput } from "./input.ts";
import { ownOf } from "./own.ts";
import { callsInLeft, callsInParameters } from "./positions.ts";
import { planRegistrations } from "./registrations.ts";

/** The changes to make in a module, and its `ModuleInfo`. */
export function plan(input: AnalysisInput, functions: readonly FunctionModel[], infos: readonly FunctionInfo[]): Plan {
  const { parsed, directives, model, analysis, file, root } = input;
  const locate = locatorOf(file);
  const sites = model.calls.flatMap((call, i) => {
    const target = analysis.targets[i];
    if (target?.kind !== "durable") return [];
    const { name, from } = target;
    const callee = from && handedOver(call, from);
    const isPassed = call.passedTo !== undefined;
    return [{ node: call.node, isPassed, name, start: nameStart(call.node), callee, from: callee && from }];
  });
  const loops = scopedLoops(model, functions, analysis);
  const name = input.packageJson()?.name;
  const info: ModuleInfo = {
    file: file.file,
    ...(name !== undefined && { package: name }),
    hash:
      analysis.plain === ""
        ? hashProgram(parsed.program)
        : combineHashes([hashProgram(parsed.program), analysis.plain]),
    imports: [...new Set(analysis.imports.map((path) => projectPath(root, path)))].sort(),
    functions: infos,
    loops: loops.map(({ node }) =>
      node.type === "WhileStatement" ? "while" : node.type === "DoWhileStatement" ? "do" : "for",
    ),
    sites: sites.map(({ name, start, from }) => siteInfo([name, ...locate(start)], from, root)),
  };
  const { edits, prelude } = planRegistrations(functions);
  const errorClasses = planErrorClasses(model, analysis, (path) => projectPath(root, path));
  const inParameters = callsInParameters(model, analysis);
  const inLeft = callsInLeft(loops, model, analysis);
  return {
    info,
    edits: [
      ...directives.statements.map((statement): Edit => ({ kind: "directive", statement })),
      ...functions.map((fn, index) => planBody(fn, infos[index], index, inParameters.has(fn.index))),
      ...loops.map((loop, index): Edit => ({
        kind: "loop",
        node: loop.node,
        start: loop.start,
        index,
        leftInside: inLeft.has(loop),
      })),
      ...planCleanUps(model, functions, analysis),
      ...sites.flatMap(({ node, callee, isPassed }, index): Edit[] => {
        if (isPassed) return callee ? [{ kind: "passed", node, index }] : [];
        return isCall(node) ? [{ kind: "site", node, index, callee }] : [];
      }),
      ...model.reads.flatMap(({ node, form }, i): Edit[] => {
        const source = analysis.chance[i];
        return source ? [{ kind: "chance", node, source, call: form !== "value" }] : [];
      }),
      ...edits,
      ...errorClasses.edits,
    ],
    prelude: {
      at: firstStatement(parsed),
      commonJs: isCommonJs(parsed, input.commonJs || model.usesCommonJs),
      ...prelude,
      readClasses: errorClasses.readClasses,
    },
    prefix: freePrefix(parsed.source),
  };
}

function siteInfo(
  place: readonly [name: string, line: number, column: number],
  from: DefinedElsewhere | undefined,
  root: string,
): SiteInfo {
  if (!from) return place;
  const file = projectPath(root, from.file);
  return from.package === undefined ? [...place, file] : [...place, file, from.package];
}

const isCall = (node: Node): node is CallExpression | TaggedTemplateExpression =>
  node.type === "CallExpression" || node.type === "TaggedTemplateExpression";

function planBody(fn: FunctionModel, info: FunctionInfo | undefined, index: number, parameters: boolean): Edit {
  const { node, label, kind, redeclared, yields, usesSuper, usesArguments, place } = fn;
  if (kind !== undefined) {
    const inner =
      node.type === "ArrowFunctionExpression" || !usesArguments ? "arrow" : usesSuper ? "method" : "function";
    const instance =
      info?.kind === "workflow" && info.needsId === true && place.kind === "classMethod" && !place.isStatic;
    return {
      kind: "run",
      as: kind,
      own: ownOf(fn),
      instance,
      node,
      index,
      label,
      inner,
      keepsParameters: keepsParameters(place),
    };
  }
  if (node.generator) return { kind: "generator", node, index, label, redeclared, yields, usesSuper };
  return { kind: "scope", node, index, label, redeclared, parameters };
}

/** Decorators and their metadata need the parameters. */
const keepsParameters = (place: FunctionModel["place"]): boolean => place.kind === "classMethod" && place.decorated;

/** The loops in scopes that repeat a call that is durable or may be. */
function scopedLoops(model: ModuleModel, functions: readonly FunctionModel[], analysis: Analysis): LoopModel[] {
  const scopes = new Set(functions.flatMap(({ index, kind }) => (kind === "task" ? [] : [index])));
  const wanted = new Set<LoopModel>();
  model.calls.forEach((call, i) => {
    if (analysis.targets[i]?.kind === "plain" || call.inTask || isMention(call)) return;
    for (const loop of call.loops) if (scopes.has(loop.owner)) wanted.add(loop);
  });
  return model.loops.filter((loop) => wanted.has(loop));
}

/** Offset of the name of the function that is called or passed on. */
function nameStart(node: Node): number {
  const inner = unwrap(
    node.type === "CallExpression" ? node.callee : node.type === "TaggedTemplateExpression" ? node.tag : node,
  );
  return inner.type === "MemberExpression" ? inner.property.start : inner.start;
}

function firstStatement({ program, source }: Parsed): number {
  const first = program.body.find((node) => !("directive" in node && typeof node.directive === "string"));
  if (!first) return source.length;
  const declaration = "declaration" in first && first.declaration ? first.declaration : first;
  const decorators = "decorators" in declaration ? (declaration.decorators ?? []) : [];
  return Math.min(first.start, ...decorators.map(({ start }) => start));
}

function isCommonJs({ program, file }: Parsed, otherwise: boolean): boolean {
  const isModule = program.body.some(
    (node) => /^(?:Import|Export|TSImportEquals|TSExport)/.test(node.type) && !isErased(node),
  );
  if (isModule || program.sourceType === "module") return false;
  return /\.c[jt]s$/.test(file) || otherwise;
}

/** `$perdure`, or `$perdure1`, … if the source already contains the name. */
function freePrefix(source: string): string {
  let prefix = ABI_NAMESPACE;
  for (let i = 1; source.includes(prefix); i++) prefix = `${ABI_NAMESPACE}${i}`;
  return prefix;
}
