import { checkOptions, type OptionNames } from "@perdure/protocol";
import { dirname, resolve } from "node:path";
import { ts } from "ts-morph";
import { checkMessages, type Culprit } from "../diagnostics/check-messages.ts";
import { createDiagnostic, type Diagnostic, type SourceFile } from "../diagnostics/diagnostic.ts";
import { mayIgnore, withoutIgnored } from "../diagnostics/ignores.ts";
import { DIRECTIVE_WORDS, type DirectiveWords } from "../directives/directive.ts";
import { idFilter, passes, type Patterns } from "../files/filter.ts";
import { projectPath } from "../files/paths.ts";
import { parse } from "../phases/1-parse/parse.ts";
import { tsconfigPath } from "../typescript/tsconfig.ts";
import { placeOf } from "./calls.ts";
import { directedFunctions, type DirectedFunction } from "./directed.ts";
import { loadProject } from "./programs.ts";
import { RegisteredClasses } from "./registered.ts";
import { resultsOfSchemas } from "./schemas.ts";
import { Storability, type Verdict } from "./storable.ts";

export interface CheckOptions {
  /** Path of a tsconfig.json, or of its directory. Project references are followed. Default: the working directory. */
  readonly tsconfig?: string;
  /** The directory that paths in messages are relative to. Default: the directory of the tsconfig. */
  readonly root?: string;
  /** Names of classes whose instances can be stored, in addition to the classes that the project registers with `configure({ classes })`. */
  readonly classes?: readonly string[];
  /** The words of the directives, for projects in which another tool uses "use task" or "use workflow". */
  readonly directives?: Partial<DirectiveWords>;
  /** The files to check, by path. Default: all files of the project that are not in `node_modules`. */
  readonly include?: Patterns;
  /** The files not to check. */
  readonly exclude?: Patterns;
}

const CHECK_OPTIONS: OptionNames<CheckOptions> = {
  tsconfig: true,
  root: true,
  classes: true,
  directives: true,
  include: true,
  exclude: true,
};

export interface CheckResult {
  /** Sorted by file and position. */
  readonly diagnostics: readonly Diagnostic[];
  /** The number of tasks and workflows checked. */
  readonly functions: number;
}

/**
 * Finds the tasks and workflows of a TypeScript project whose results or inputs cannot be stored, judging by their types. It loads the
 * whole project synchronously, which takes seconds.
 *
 * @throws PerdureError `OPTION_UNKNOWN`
 */
export function check(options: CheckOptions = {}): CheckResult {
  checkOptions(options, CHECK_OPTIONS, "check()");
  const tsconfig = tsconfigPath(options.tsconfig ?? ".");
  const root = resolve(options.root ?? dirname(tsconfig));
  const { programs, diagnostics } = loadProject(tsconfig, root);
  const own = ownFiles(programs);
  const project = readProject(own, options);
  const words = { ...DIRECTIVE_WORDS, ...options.directives };
  const filter = idFilter(options);
  let functions = 0;
  const found = [...own].flatMap(([program, files]) => {
    const judge = new Judge(program, project, root);
    return files
      .filter(({ fileName }) => passes(filter, fileName))
      .flatMap((file) =>
        notIgnored(
          directedFunctions(file, words).flatMap((fn) => {
            functions++;
            return judge.judge(fn, file);
          }),
          { file: projectPath(root, file.fileName), source: file.text },
          file.fileName,
        ),
      );
  });
  return { diagnostics: [...diagnostics, ...found].sort(byPlace), functions };
}

/** Leaves out the warnings that comments turn off. A comment that is wrong in itself is reported by the compiler. */
function notIgnored(diagnostics: readonly Diagnostic[], file: SourceFile, path: string): readonly Diagnostic[] {
  if (!mayIgnore(file.source)) return diagnostics;
  const left = withoutIgnored(diagnostics, { ...parse(path, file.source), ...file }, (code) => code in checkMessages);
  return left.filter(({ code }) => code !== "IGNORE_INVALID");
}

/** The project's own files. A file that is in several programs is listed with the first one. */
function ownFiles(programs: readonly ts.Program[]): ReadonlyMap<ts.Program, readonly ts.SourceFile[]> {
  const done = new Set<string>();
  const isOwn = (program: ts.Program, file: ts.SourceFile): boolean =>
    !file.isDeclarationFile &&
    !program.isSourceFileFromExternalLibrary(file) &&
    !file.fileName.includes("/node_modules/") &&
    !done.has(file.fileName);
  return new Map(
    programs.map((program) => {
      const files = program.getSourceFiles().filter((file) => isOwn(program, file));
      for (const { fileName } of files) done.add(fileName);
      return [program, files];
    }),
  );
}

/** What the project's code, as opposed to its types, says about values. */
interface ProjectFacts {
  readonly classes: RegisteredClasses;
  /** Places of the tasks whose results a schema parses. */
  readonly parsedBySchema: ReadonlySet<string>;
}

function readProject(own: ReadonlyMap<ts.Program, readonly ts.SourceFile[]>, options: CheckOptions): ProjectFacts {
  const classes = new RegisteredClasses(options.classes ?? []);
  const parsedBySchema = new Set<string>();
  for (const [program, files] of own) {
    const checker = program.getTypeChecker();
    for (const file of files) {
      classes.addFrom(file, checker);
      for (const place of resultsOfSchemas(file, checker)) parsedBySchema.add(place);
    }
  }
  return { classes, parsedBySchema };
}

const byPlace = (a: Diagnostic, b: Diagnostic): number =>
  a.file === b.file ? a.start - b.start : a.file < b.file ? -1 : 1;

class Judge {
  private readonly checker: ts.TypeChecker;
  private readonly storability: Storability;
  private readonly project: ProjectFacts;
  private readonly root: string;

  constructor(program: ts.Program, project: ProjectFacts, root: string) {
    this.checker = program.getTypeChecker();
    this.storability = new Storability(program, project.classes);
    this.project = project;
    this.root = root;
  }

  judge({ kind, name, node }: DirectedFunction, file: ts.SourceFile): Diagnostic[] {
    const source: SourceFile = { file: projectPath(this.root, file.fileName), source: file.text };
    const found = this.project.parsedBySchema.has(placeOf(node))
      ? []
      : report(this.resultOf(node), "RESULT_NOT_STORABLE", `${name} returns`, source, resultSpan(node, file));
    // only a hash of a task's input is stored
    if (kind === "workflow") {
      node.parameters.filter(isValue).forEach((parameter, i) => {
        const path = ts.isIdentifier(parameter.name) ? parameter.name.text : `[${i}]`;
        const verdict = this.storability.judge(this.checker.getTypeAtLocation(parameter), path);
        found.push(
          ...report(
            verdict,
            "INPUT_NOT_STORABLE",
            `${name} takes`,
            source,
            spanOf(parameter.type ?? parameter.name, file),
          ),
        );
      });
    }
    return found;
  }

  private resultOf(node: ts.SignatureDeclaration): Verdict {
    const signature = this.checker.getSignatureFromDeclaration(node);
    const result = signature && this.checker.getAwaitedType(signature.getReturnType());
    return result ? this.storability.judge(result, "") : { refused: [], unregistered: [], changed: [] };
  }
}

/** Excludes TypeScript's `this` parameter. */
const isValue = ({ name }: ts.ParameterDeclaration): boolean => !ts.isIdentifier(name) || name.text !== "this";

interface Span {
  readonly start: number;
  readonly end: number;
}

const spanOf = (node: ts.Node, file: ts.SourceFile): Span => ({ start: node.getStart(file), end: node.end });

/** Where the result is declared: the return type, otherwise the name, otherwise the start of the function. */
function resultSpan(node: DirectedFunction["node"], file: ts.SourceFile): Span {
  const named = node.type ?? ts.getNameOfDeclaration(node);
  if (named) return spanOf(named, file);
  const { start } = spanOf(node, file);
  return { start, end: node.body.getStart(file) };
}

function report(
  { refused, unregistered, changed }: Verdict,
  code: "RESULT_NOT_STORABLE" | "INPUT_NOT_STORABLE",
  what: string,
  source: SourceFile,
  at: Span,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  if (isSome(refused)) found.push(createDiagnostic(source, code, { what, culprits: refused }, at));
  if (isSome(unregistered))
    found.push(createDiagnostic(source, "CLASS_NOT_REGISTERED", { what, culprits: unregistered }, at));
  if (isSome(changed)) found.push(createDiagnostic(source, "CLASS_NOT_KEPT", { what, culprits: changed }, at));
  return found;
}

const isSome = (list: readonly Culprit[]): list is readonly [Culprit, ...Culprit[]] => list.length > 0;
