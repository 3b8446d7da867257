import { dirname, isAbsolute, resolve } from "node:path";
import type { Config } from "./configs.ts";
import type { Invocation } from "./invocation.ts";
import type { Mirror } from "./mirror.ts";

/** Options that control how `tsc` runs and do not affect the JavaScript that it emits. */
const howToRun =
  /^--?(?:b|build|w|watch|p|project|verbose|force|f|stopBuildOnErrors|builders|singleThreaded|checkers|locale|preserveWatchOutput|pretty|diagnostics|extendedDiagnostics|explainFiles|listFiles|listEmittedFiles|traceResolution|generateTrace|generateCpuProfile|quiet|q)$/i;

/** Restricts the output to JavaScript and source maps, whatever the project's configuration says. Types are checked in another run. */
const onlyJavaScript = [
  "--noCheck",
  "--listEmittedFiles",
  "--listFiles",
  ...[
    "noEmit",
    "emitDeclarationOnly",
    "noEmitOnError",
    "declaration",
    "declarationMap",
    "composite",
    "incremental",
    "isolatedDeclarations",
    "pretty",
  ].flatMap((name) => [`--${name}`, "false"]),
  ...["declarationDir", "tsBuildInfoFile"].flatMap((name) => [`--${name}`, "null"]),
];

/** Arguments that make `tsc` emit the JavaScript of a project into a mirror. */
export function emitArguments(invocation: Invocation, config: Config, mirror: Mirror): string[] {
  const { composite, rootDir, outDir } = config.options;
  // the default root of a composite project is the directory of its tsconfig
  const root = rootDir ?? (composite === true ? dirname(config.path) : undefined);
  return [
    ...(config.path === ""
      ? config.files.map((file) => mirror.inside(file))
      : ["--project", mirror.inside(config.path)]),
    ...optionsOf(invocation).map((each) => (isAbsolute(each) ? mirror.inside(each) : each)),
    ...onlyJavaScript,
    ...(root === undefined ? [] : ["--rootDir", mirror.inside(resolve(root))]),
    ...(outDir === undefined ? [] : ["--outDir", mirror.inside(resolve(outDir))]),
  ];
}

/** The compiler options of the command line, unchanged. */
function optionsOf({ args, named }: Invocation): string[] {
  const kept: string[] = [];
  let keeping = false;
  for (const each of args) {
    if (each.startsWith("-")) keeping = !howToRun.test(each);
    else if (named.includes(each)) keeping = false;
    if (keeping) kept.push(each);
  }
  return kept;
}

/** Arguments that make `tsc` report a project's errors without writing anything. */
export function checkArguments(invocation: Invocation, config: Config): string[] {
  const files = config.path === "" ? config.files : ["--project", config.path];
  return [
    ...files,
    ...optionsOf(invocation),
    "--noEmit",
    "--composite",
    "false",
    "--incremental",
    "false",
    "--tsBuildInfoFile",
    "null",
  ];
}
