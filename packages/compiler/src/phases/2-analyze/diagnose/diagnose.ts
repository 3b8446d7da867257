import { formatLocation } from "@perdure/protocol";
import type { Node } from "oxc-parser";
import { createDiagnostic, createLocator, type Diagnostic, type SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { DiagnosticCode, DiagnosticParams } from "../../../diagnostics/messages.ts";
import { isClass, isErased } from "../../../syntax/ast.ts";
import type { Directives } from "../../1-parse/directives.ts";
import type { Parsed } from "../../1-parse/parse.ts";
import type { Analysis, Impurity } from "../model/analysis.ts";
import type { FunctionModel, ModuleModel } from "../model/model.ts";
import { capturedWriteCode } from "./captured-writes.ts";
import { directedExports } from "../scopes/directed-exports.ts";
import { asyncAt } from "./async-at.ts";

interface Diagnosed {
  readonly diagnostics: readonly Diagnostic[];
  /** Diagnostics of one group say the same of different places: one of them is enough. */
  readonly groups: ReadonlyMap<Diagnostic, string>;
}

/** The problems of a module, except those in the text of its directives. */
export function diagnose(
  parsed: Parsed,
  directives: Directives,
  model: ModuleModel,
  analysis: Analysis,
  file: SourceFile,
): Diagnosed {
  const found: Diagnostic[] = [];
  const groups = new Map<Diagnostic, string>();
  const report: Report = (code, params, at, group) => {
    const diagnostic = createDiagnostic(file, code, params, at);
    found.push(diagnostic);
    if (group !== undefined) groups.set(diagnostic, `${code} ${group}`);
  };
  for (const fn of model.functions) {
    if (fn.directive) diagnoseDirected(fn, fn.directive.words, parsed.source, report);
  }
  reportSharedNames(model, analysis, file, report);
  if (directives.module) {
    const { words, statement } = directives.module;
    const exported = directedExports(parsed.program);
    if (exported.length === 0) report("DIRECTIVE_MISPLACED", { directive: words, of: "file" }, statement);
    for (const each of exported) {
      if (!each.fn?.async || each.fn.generator)
        report(
          "MODULE_EXPORT_NOT_ASYNC",
          {
            name: each.name,
            directive: words,
            from: each.from,
            asyncAt: each.fn && !each.fn.generator ? each.fn.start : undefined,
          },
          firstLine(each.node, parsed.source),
        );
    }
  }
  for (const write of model.capturedWrites) {
    const code = capturedWriteCode(write, model, analysis);
    if (code) report(code, { task: model.functions[write.task]?.name ?? "", name: write.name }, write.node);
  }
  reportPrivateMembers(model, analysis, report);
  reportUnawaited(model, analysis, report);
  for (const { kind, workflow, name, through, group, start, end } of analysis.impurities)
    report(impurityCodes[kind], { workflow, name, through }, { start, end }, group);
  for (const { task, name, of, node } of model.inPlaceChanges) {
    report(
      of === "argument" ? "TASK_CHANGES_ARGUMENT" : "TASK_CHANGES_CAPTURED",
      { task: model.functions[task]?.name ?? "", name },
      node,
      `${task} ${name}`,
    );
  }
  return { diagnostics: found, groups };
}

const impurityCodes = {
  io: "WORKFLOW_IO",
  timer: "WORKFLOW_TIMER",
  environment: "WORKFLOW_ENVIRONMENT",
  clock: "WORKFLOW_CLOCK",
  state: "WORKFLOW_STATE",
  model: "WORKFLOW_MODEL",
} as const satisfies Record<Impurity["kind"], DiagnosticCode>;

type Report = <C extends DiagnosticCode>(
  code: C,
  params: DiagnosticParams<C>,
  at: { start: number; end: number },
  group?: string,
) => void;

/** The first line of a node, so that the frame does not underline a whole body. */
function firstLine(node: Node, source: string): { start: number; end: number } {
  const inner = isClass(node) && node.id ? node.id : node;
  const line = source.slice(inner.start, inner.end).search(/[\r\n{]/);
  return isErased(inner) || line < 1 ? inner : { start: inner.start, end: inner.start + line };
}

function diagnoseDirected(fn: FunctionModel, words: string, source: string, report: Report): void {
  const { node, place, name, directive, kind } = fn;
  if (!directive) return;
  const at = directive.statement;
  if (place.kind === "unsupported" || place.kind === "constructor") {
    report("PLACE_UNSUPPORTED", { directive: words, place: place.what, advice: place.advice }, at);
  } else if (node.generator) report(kind === "task" ? "TASK_IS_GENERATOR" : "WORKFLOW_IS_GENERATOR", { name }, at);
  else if (!node.async)
    report(kind === "task" ? "TASK_NOT_ASYNC" : "WORKFLOW_NOT_ASYNC", { name, asyncAt: asyncAt(fn, source) }, at);
}

/** A name that is given must be that of one function. Functions that only happen to have one name are told apart by their order. */
function reportSharedNames(
  { functions }: ModuleModel,
  { durable }: Analysis,
  { source, file }: SourceFile,
  report: Report,
): void {
  const locate = createLocator(source);
  const given = functions.filter(({ directive }) => directive?.directive.name !== undefined);
  for (const fn of given) {
    const other = functions.find(
      (each) =>
        durable[each.index] === true &&
        each.name === fn.name &&
        each !== fn &&
        (!given.includes(each) || each.index < fn.index),
    );
    if (!fn.directive || !other) continue;
    const place = `the ${other.kind ?? "function"} at ${formatLocation(file, locate(other.at))}`;
    report("NAME_NOT_UNIQUE", { name: fn.name, other: place }, fn.directive.statement);
  }
}

/** An error is decoded without its constructor, which alone can add private members. */
function reportPrivateMembers({ derived }: ModuleModel, { errorClasses }: Analysis, report: Report): void {
  derived.forEach(({ node, name }, i) => {
    if (errorClasses[i] !== "certain") return;
    for (const each of node.body.body) {
      if (!("key" in each) || each.key.type !== "PrivateIdentifier" || each.static) continue;
      report("ERROR_PRIVATE_MEMBERS", { name, member: `#${each.key.name}` }, each.key, `${i}`);
    }
  });
}

function reportUnawaited(model: ModuleModel, analysis: Analysis, report: Report): void {
  model.calls.forEach(({ node, owner, statement, inTask }, i) => {
    const target = analysis.targets[i];
    const holder = owner === undefined ? undefined : model.functions[owner];
    if (!statement || inTask || !holder?.async || target?.kind !== "durable" || !target.certain) return;
    report("UNAWAITED_CALL", { name: target.name }, node);
  });
}
