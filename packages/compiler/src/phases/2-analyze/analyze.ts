import { ABI_NAMESPACE, type FunctionInfo, type ModuleInfo, type Position } from "@perdure/protocol";
import { createDiagnostic, createLocator, type Diagnostic, type SourceFile } from "../../diagnostics/diagnostic.ts";
import type { CallExpression, Node, TaggedTemplateExpression } from "oxc-parser";
import { isErased, unwrap } from "../../syntax/ast.ts";
import type { Directives } from "../1-parse/directives.ts";
import type { Parsed } from "../1-parse/parse.ts";
import { diagnose, diagnoseSharedWords } from "./diagnose/diagnose.ts";
import { combineHashes, hashProgram } from "../../syntax/hash.ts";
import { isMention, type Analysis, type FunctionModel, type LoopModel, type ModuleModel } from "./model/model.ts";
import type { AnalysisResult, Edit, Plan } from "./plan/plan.ts";
import { projectPath } from "../../files/paths.ts";
import { callsInLeft, callsInParameters } from "./plan/positions.ts";
import { recoverable } from "./plan/recoverable.ts";
import { planRegistrations } from "./plan/registrations.ts";
import { resolveTemplate } from "./plan/template.ts";

/** What is needed of the package.json of the root. */
export interface PackageJson {
  readonly name: string | undefined;
  /** Names of the packages that the project depends on. */
  readonly dependencies: ReadonlySet<string>;
}

export interface AnalysisInput {
  readonly parsed: Parsed;
  readonly directives: Directives;
  readonly model: ModuleModel;
  /** What the project knows about this module. */
  readonly analysis: Analysis;
  readonly file: SourceFile;
  readonly root: string;
  /** Without imports and exports it is CommonJS. */
  readonly commonJs: boolean;
  readonly packageJson: () => PackageJson;
}

export function analyze(input: AnalysisInput): AnalysisResult {
  const { parsed, directives, model, analysis, file } = input;
  const diagnostics = [
    ...directives.diagnostics,
    ...diagnose(parsed, directives, model, analysis, file),
    ...diagnoseSharedWords(model, () => input.packageJson().dependencies, file),
  ];
  const functions = model.functions.filter((fn) => isInstrumented(fn, analysis));
  const locate = createLocator(file.source);
  const byName = recoverable(functions, file, diagnostics);
  const infos = functions.map((fn) => functionInfo(fn, locate(fn.at), byName.has(fn), file, diagnostics));
  diagnostics.sort((a, b) => a.start - b.start);
  if (!analysis.touched || diagnostics.some(({ severity }) => severity === "error"))
    return { plan: undefined, diagnostics };
  return { plan: plan(input, functions, infos), diagnostics };
}

const isInstrumented = (fn: FunctionModel, analysis: Analysis): boolean =>
  analysis.durable[fn.index] === true && fn.place.kind !== "constructor";

function functionInfo(
  fn: FunctionModel,
  at: Position,
  isRecoverable: boolean,
  file: SourceFile,
  diagnostics: Diagnostic[],
): FunctionInfo {
  const { name, directive } = fn;
  if (directive?.directive.kind === "task") {
    const { options } = directive.directive;
    return options === undefined ? { kind: "task", name, at } : { kind: "task", name, at, options };
  }
  if (directive?.directive.kind !== "workflow") return { kind: "helper", name, at };
  const { id } = directive.directive;
  if (id === undefined) return { kind: "workflow", name, at, recoverable: isRecoverable };
  const resolved = resolveTemplate(id, fn, directive, file);
  diagnostics.push(...resolved.diagnostics);
  return { kind: "workflow", name, at, id: resolved.template, recoverable: isRecoverable };
}

function plan(input: AnalysisInput, functions: readonly FunctionModel[], infos: readonly FunctionInfo[]): Plan {
  const { parsed, directives, model, analysis, file, root } = input;
  const locate = createLocator(file.source);
  const sites = model.calls.flatMap((call, i) => {
    const target = analysis.targets[i];
    return target?.kind === "durable" && !call.inTask
      ? [{ node: call.node, name: target.name, start: nameStart(call.node) }]
      : [];
  });
  const loops = scopedLoops(model, functions, analysis);
  const { name } = input.packageJson();
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
    sites: sites.map(({ name, start }) => [name, ...locate(start)]),
  };
  const { edits, prelude } = planRegistrations(functions);
  const inParameters = callsInParameters(model, analysis);
  const inLeft = callsInLeft(loops, model, analysis);
  return {
    info,
    edits: [
      ...directives.statements.map((statement): Edit => ({ kind: "directive", statement })),
      ...functions.map((fn, index) => planBody(fn, index, inParameters.has(fn.index))),
      ...loops.map((loop, index): Edit => ({
        kind: "loop",
        node: loop.node,
        start: loop.start,
        index,
        leftInside: inLeft.has(loop),
      })),
      ...sites.flatMap(({ node }, index): Edit[] => (isCall(node) ? [{ kind: "site", node, index }] : [])),
      ...model.reads.flatMap(({ node, form }, i): Edit[] => {
        const source = analysis.chance[i];
        return source ? [{ kind: "chance", node, source, call: form !== "value" }] : [];
      }),
      ...edits,
    ],
    prelude: {
      at: firstStatement(parsed),
      commonJs: isCommonJs(parsed, input.commonJs || model.usesCommonJs),
      ...prelude,
    },
    prefix: freePrefix(parsed.source),
  };
}

const isCall = (node: Node): node is CallExpression | TaggedTemplateExpression =>
  node.type === "CallExpression" || node.type === "TaggedTemplateExpression";

function planBody(
  { node, label, kind, redeclared, yields, usesSuper, usesArguments, place }: FunctionModel,
  index: number,
  parameters: boolean,
): Edit {
  if (kind !== undefined) {
    const inner =
      node.type === "ArrowFunctionExpression" || !usesArguments ? "arrow" : usesSuper ? "method" : "function";
    return { kind: "run", as: kind, node, index, label, inner, keepsParameters: keepsParameters(place) };
  }
  if (node.generator) return { kind: "generator", node, index, label, redeclared, yields, usesSuper };
  return { kind: "scope", node, index, label, redeclared, parameters };
}

/** Decorators and their metadata need them. */
const keepsParameters = (place: FunctionModel["place"]): boolean => place.kind === "classMethod" && place.decorated;

/** The loops in scopes that repeat a durable or possible call. */
function scopedLoops(model: ModuleModel, functions: readonly FunctionModel[], analysis: Analysis): LoopModel[] {
  const scopes = new Set(functions.flatMap(({ index, kind }) => (kind === "task" ? [] : [index])));
  const wanted = new Set<LoopModel>();
  model.calls.forEach((call, i) => {
    if (analysis.targets[i]?.kind === "plain" || call.inTask || isMention(call)) return;
    for (const loop of call.loops) if (scopes.has(loop.owner)) wanted.add(loop);
  });
  return model.loops.filter((loop) => wanted.has(loop));
}

/** Where the name of what is called, or passed on, begins. */
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

/** `$perdure`, or `$perdure1`, … when the source already has such a name anywhere. */
function freePrefix(source: string): string {
  let prefix = ABI_NAMESPACE;
  for (let i = 1; source.includes(prefix); i++) prefix = `${ABI_NAMESPACE}${i}`;
  return prefix;
}

export function parseErrorDiagnostic(parsed: Parsed, file: SourceFile): Diagnostic | undefined {
  if (!parsed.error) return undefined;
  return createDiagnostic(file, "PARSE_ERROR", { detail: parsed.error.message }, parsed.error);
}
