import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { ts } from "ts-morph";
import { withChainedMap } from "../session/chained-map.ts";
import type { ManifestFile } from "../session/manifest-file.ts";
import { toTypescript } from "../../typescript/diagnostic.ts";
import type { Outcome, Sources } from "./sources.ts";

type Api = typeof ts;
type Emit = ts.Program["emit"];

/** The program, changed so that it emits the JavaScript of its compiled sources. */
export function compiledProgram(program: ts.Program, host: ts.CompilerHost, sources: Sources, api: Api): ts.Program {
  const own = program
    .getSourceFiles()
    .filter((file) => !file.isDeclarationFile && !program.isSourceFileFromExternalLibrary(file));
  const outcomes = sources.compile(own.map(({ fileName, text }) => ({ path: fileName, text })));
  const errors = own.flatMap((file) =>
    (outcomes.get(file.fileName)?.errors ?? []).map((each) => toTypescript(file, each)),
  );
  for (const file of own) mark(file, errors.length > 0 ? "not emitted" : outcomes.get(file.fileName)?.compiled?.code);
  if (errors.length > 0) return withErrors(program, errors);
  if ([...outcomes.values()].every(({ compiled }) => compiled === undefined)) return program;
  return Object.assign(program, { emit: emitCompiled(program, host, outcomes, sources.manifest(outcomes), api) });
}

const versions = new WeakMap<ts.SourceFile, string>();

/**
 * An incremental build emits a file again if its version has changed. The compiled text of a file can change while its source does not, so
 * the version includes a hash of the compiled text. A file that was not emitted gets a different version, so that the next build emits it.
 */
function mark(file: ts.SourceFile, output: string | undefined): void {
  const version = versions.get(file) ?? versionOf(file);
  if (version === undefined) return;
  versions.set(file, version);
  const suffix = output === undefined ? "" : `-${createHash("sha256").update(output).digest("hex")}`;
  Reflect.set(file, "version", version + suffix);
}

function versionOf(file: ts.SourceFile): string | undefined {
  const version: unknown = Reflect.get(file, "version");
  return typeof version === "string" ? version : undefined;
}

/** Emits nothing if there are errors: the complete output of an earlier build is better than partial output. */
function withErrors(program: ts.Program, errors: readonly ts.Diagnostic[]): ts.Program {
  const { getSemanticDiagnostics } = program;
  return Object.assign(program, {
    getSemanticDiagnostics: (file?: ts.SourceFile, token?: ts.CancellationToken): readonly ts.Diagnostic[] => [
      ...getSemanticDiagnostics(file, token),
      ...errors.filter((each) => file === undefined || each.file === file),
    ],
    emit: (): ts.EmitResult => ({ emitSkipped: true, diagnostics: errors, emittedFiles: [] }),
  });
}

function emitCompiled(
  program: ts.Program,
  host: ts.CompilerHost,
  outcomes: ReadonlyMap<string, Outcome>,
  manifest: ManifestFile | undefined,
  api: Api,
): Emit {
  const emitOriginal = program.emit;
  let compiled: ts.Program | undefined;
  return (target, writeFile, token, only, transformers, ...rest) => {
    const options = program.getCompilerOptions();
    const wanted = wantedBy(only);
    if (wanted === "declarations" || options.noEmit === true || options.emitDeclarationOnly === true)
      return emitOriginal(target, writeFile, token, only, transformers, ...rest);
    const declares = wanted === "both" && (options.declaration === true || options.composite === true);
    const stopping = options.noEmitOnError === true ? errorsOf(program, target, token) : [];
    if (stopping.length > 0) return { emitSkipped: true, diagnostics: stopping, emittedFiles: [] };
    const declarations = declares ? emitOriginal(target, writeFile, token, true, transformers, ...rest) : undefined;
    const writeAny = writeFile ?? host.writeFile;
    if (manifest && !compiled) writeAny(join(outputOf(program), manifest.fileName), manifest.source, false);
    compiled ??= programOf(program, host, outcomes, api);
    const write = chaining(writeAny, outcomes);
    const scripts = compiled.emit(target && compiled.getSourceFile(target.fileName), write, token);
    return declarations ? together(declarations, scripts) : scripts;
  };
}

/** The output directory. Without `outDir` the output is next to the sources, and the manifest next to the tsconfig. */
function outputOf(program: ts.Program): string {
  const { outDir, configFilePath } = program.getCompilerOptions();
  return outDir ?? (typeof configFilePath === "string" ? dirname(configFilePath) : program.getCurrentDirectory());
}

/**
 * What a call of `emit` requests. Incremental builds pass a number instead of the documented boolean: 0 for JavaScript, more for kinds of
 * declarations.
 */
function wantedBy(only: unknown): "both" | "scripts" | "declarations" {
  if (only === undefined || only === false) return "both";
  return only === 0 ? "scripts" : "declarations";
}

const errorsOf = (
  program: ts.Program,
  target: ts.SourceFile | undefined,
  token: ts.CancellationToken | undefined,
): ts.Diagnostic[] => [
  ...program.getOptionsDiagnostics(token),
  ...program.getSyntacticDiagnostics(target, token),
  ...program.getGlobalDiagnostics(token),
  ...program.getSemanticDiagnostics(target, token),
];

const hosts = new WeakSet<ts.CompilerHost>();

/** Whether the program of this host consists of compiled sources. */
export const isOfCompiled = (host: ts.CompilerHost): boolean => hosts.has(host);

/** The program of the compiled sources. All other files are shared with `program`. It only has to emit JavaScript. */
function programOf(
  program: ts.Program,
  host: ts.CompilerHost,
  outcomes: ReadonlyMap<string, Outcome>,
  api: Api,
): ts.Program {
  const {
    tsBuildInfoFile: _file,
    declarationDir: _directory,
    isolatedDeclarations: _isolated,
    ...options
  } = program.getCompilerOptions();
  const references = program.getProjectReferences();
  const getSourceFile: ts.CompilerHost["getSourceFile"] = (path, how, onError, again) => {
    const code = outcomes.get(path)?.compiled?.code;
    return code === undefined
      ? (program.getSourceFile(path) ?? host.getSourceFile(path, how, onError, again))
      : api.createSourceFile(path, code, how);
  };
  const compiledHost: ts.CompilerHost = { ...host, getSourceFile };
  hosts.add(compiledHost);
  // other plugins receive this program too, so the nodes that they look up must belong to it
  return api.createProgram({
    rootNames: program.getRootFileNames(),
    options: {
      ...options,
      declaration: false,
      declarationMap: false,
      composite: false,
      incremental: false,
      noEmitOnError: false,
      noCheck: true,
      ...rootOf(options),
    },
    host: compiledHost,
    ...(references && { projectReferences: references }),
  });
}

/** The default root of a composite project is the directory of its tsconfig. */
function rootOf({ composite, rootDir, configFilePath }: ts.CompilerOptions): ts.CompilerOptions {
  return composite === true && rootDir === undefined && typeof configFilePath === "string"
    ? { rootDir: configFilePath.replace(/[\\/][^\\/]*$/, "") }
    : {};
}

/** Chains the source maps, so that they lead through the compiled text to the source. */
function chaining(write: ts.WriteFileCallback, outcomes: ReadonlyMap<string, Outcome>): ts.WriteFileCallback {
  return (path, text, mark, onError, files, data) => {
    const originals = (files ?? []).map(({ fileName }) => outcomes.get(fileName)?.compiled);
    const [only] = originals;
    const find = (source: string): typeof only =>
      originals.length === 1
        ? only
        : originals[(files ?? []).findIndex(({ fileName }) => fileName.endsWith(source.replace(/^[./]+/, "")))];
    const isMap = path.endsWith(".map");
    const chained = withChainedMap(isMap ? { code: "", map: text } : { code: text, map: undefined }, find);
    write(path, chained.map ?? chained.code, mark, onError, files, data);
  };
}

const together = (a: ts.EmitResult, b: ts.EmitResult): ts.EmitResult => ({
  emitSkipped: a.emitSkipped || b.emitSkipped,
  diagnostics: [...a.diagnostics, ...b.diagnostics],
  emittedFiles: [...(a.emittedFiles ?? []), ...(b.emittedFiles ?? [])],
});
