import { dirname, resolve } from "node:path";
import { ts } from "ts-morph";
import type { Culprit } from "../diagnostics/check-messages.ts";
import { createDiagnostic, type Diagnostic, type SourceFile } from "../diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS, type DirectiveWords } from "../directives/directive.ts";
import { idFilter, passes, type Patterns } from "../files/filter.ts";
import { projectPath } from "../files/paths.ts";
import { tsconfigPath } from "../typescript/tsconfig.ts";
import { placeOf } from "./calls.ts";
import { directedFunctions, type DirectedFunction } from "./directed.ts";
import { loadProject } from "./programs.ts";
import { RegisteredClasses } from "./registered.ts";
import { remadeResults } from "./schemas.ts";
import { Storability, type Verdict } from "./storable.ts";

export interface CheckOptions {
  /** A tsconfig.json, or the directory that holds it. References to other projects are followed. Default: the working directory. */
  readonly tsconfig?: string;
  /** Directory that the paths in messages start from. Default: that of the tsconfig. */
  readonly root?: string;
  /** Names of classes whose instances can be stored, besides those that a `configure({ classes })` in the project registers. */
  readonly classes?: readonly string[];
  /** Words that begin a directive, when "use task" and "use workflow" belong to another tool. */
  readonly directives?: Partial<DirectiveWords>;
  /** Which files are looked at, by path; by default all of the project that are not in `node_modules`. */
  readonly include?: Patterns;
  /** Which files are not. */
  readonly exclude?: Patterns;
}

export interface CheckResult {
  /** By file and place. */
  readonly diagnostics: readonly Diagnostic[];
  /** How many tasks and workflows have been looked at. */
  readonly functions: number;
}

/**
 * Finds the tasks and workflows of a TypeScript project whose values cannot be stored, by their types. It reads the whole project, which
 * takes seconds, and does not come back until it is done.
 */
export function check(options: CheckOptions = {}): CheckResult {
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
        directedFunctions(file, words).flatMap((fn) => {
          functions++;
          return judge.judge(fn, file);
        }),
      );
  });
  return { diagnostics: [...diagnostics, ...found].sort(byPlace), functions };
}

/** The files that belong to the project itself, each with the first program that has it. */
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

/** What the project says about values elsewhere than in types. */
interface ProjectFacts {
  readonly classes: RegisteredClasses;
  /** Places of the tasks whose results a schema makes again. */
  readonly remade: ReadonlySet<string>;
}

function readProject(own: ReadonlyMap<ts.Program, readonly ts.SourceFile[]>, options: CheckOptions): ProjectFacts {
  const classes = new RegisteredClasses(options.classes ?? []);
  const remade = new Set<string>();
  for (const [program, files] of own) {
    const checker = program.getTypeChecker();
    for (const file of files) {
      classes.addFrom(file, checker);
      for (const place of remadeResults(file, checker)) remade.add(place);
    }
  }
  return { classes, remade };
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
    const found = this.project.remade.has(placeOf(node))
      ? []
      : report(this.resultOf(node), "RESULT_NOT_STORABLE", `${name} returns`, source, resultSpan(node, file));
    // of a task's input only a fingerprint is kept
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

/** Not TypeScript's `this`. */
const isValue = ({ name }: ts.ParameterDeclaration): boolean => !ts.isIdentifier(name) || name.text !== "this";

interface Span {
  readonly start: number;
  readonly end: number;
}

const spanOf = (node: ts.Node, file: ts.SourceFile): Span => ({ start: node.getStart(file), end: node.end });

/** Where the result is declared: the type, else the function's name, else where it begins. */
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
