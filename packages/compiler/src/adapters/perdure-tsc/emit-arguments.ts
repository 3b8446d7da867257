import { dirname, isAbsolute, resolve } from "node:path";
import type { Config } from "./configs.ts";
import type { Invocation } from "./invocation.ts";
import type { Mirror } from "./mirror.ts";

/** Options that say how `tsc` is run, and not what it makes of a file. */
const howToRun =
  /^--?(?:b|build|w|watch|p|project|verbose|force|f|stopBuildOnErrors|builders|singleThreaded|checkers|locale|preserveWatchOutput|pretty|diagnostics|extendedDiagnostics|explainFiles|listFiles|listEmittedFiles|traceResolution|generateTrace|generateCpuProfile|quiet|q)$/i;

/** JavaScript and its source maps only, whatever the project's configuration says; types are checked elsewhere. */
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

/** Arguments with which `tsc` emits the JavaScript of a project into a mirror. */
export function emitArguments(invocation: Invocation, config: Config, mirror: Mirror): string[] {
  const { composite, rootDir, outDir } = config.options;
  // a composite project begins where its tsconfig lies
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

/** The compiler options of the command line, as they were written. */
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

/** Arguments with which `tsc` looks for errors in a project, and leaves no trace. */
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
