import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { readConfig, ts, type Config } from "./typescript.ts";

/** What a command line wants of `tsc`. */
export interface Invocation {
  /** Arguments as they were given. */
  readonly args: readonly string[];
  /** `nothing`: it compiles nothing (`--help`, `--init`, `--clean`, …). */
  readonly wants: "nothing" | "project" | "build";
  readonly watch: boolean;
  /** Compiler options of the command line. */
  readonly options: ts.CompilerOptions;
  /** Files or, of a build, projects. */
  readonly named: readonly string[];
  /** The tsconfig that `--project` names. */
  readonly project: string | undefined;
}

const buildFlag = /^--?b(?:uild)?$/i;
const compileNothing = /^--?(?:h|help|\?|all|v|version|init|showConfig|listFilesOnly)$/i;
const buildNothing = /^--?(?:clean|dry|d)$/i;

export function readInvocation(args: readonly string[]): Invocation {
  const isBuild = buildFlag.test(args[0] ?? "");
  const { options, fileNames } = ts.parseCommandLine(isBuild ? args.slice(1) : args, (path) => ts.sys.readFile(path));
  const nothing = args.some((each) => compileNothing.test(each) || (isBuild && buildNothing.test(each)));
  const { watch, project, ...rest } = options;
  return {
    args,
    wants: nothing ? "nothing" : isBuild ? "build" : "project",
    watch: watch === true || (isBuild && args.some((each) => /^--?w(?:atch)?$/i.test(each))),
    options: rest,
    named: fileNames,
    project: typeof project === "string" ? project : undefined,
  };
}

/** The tsconfigs to compile, each behind those that it refers to. `undefined` when one cannot be read. Files that are named stand for themselves. */
export function configsOf(invocation: Invocation, directory: string): Config[] | undefined {
  if (invocation.wants === "build") return inOrder(buildRoots(invocation, directory), invocation.options);
  if (invocation.named.length > 0 && invocation.project === undefined) {
    return [
      {
        path: "",
        options: invocation.options,
        files: invocation.named.map((each) => resolve(directory, each)),
        references: [],
      },
    ];
  }
  const path =
    invocation.project === undefined
      ? ts.findConfigFile(directory, ts.sys.fileExists)
      : configPath(resolve(directory, invocation.project));
  const config = path === undefined ? undefined : readConfig(path, invocation.options);
  return config && [config];
}

function buildRoots({ named }: Invocation, directory: string): string[] {
  // an argument that no project has is the value of an option in front of it
  const paths = named.map((each) => configPath(resolve(directory, each))).filter((path) => existsSync(path));
  return named.length === 0 ? [join(directory, "tsconfig.json")] : paths;
}

const configPath = (path: string): string => (isDirectory(path) ? join(path, "tsconfig.json") : path);
const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function inOrder(roots: readonly string[], overrides: ts.CompilerOptions): Config[] | undefined {
  const found = new Map<string, Config | undefined>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.set(path, undefined); // references may go round in circles
    const config = readConfig(path, overrides);
    for (const each of config?.references ?? []) visit(each);
    found.delete(path);
    found.set(path, config);
  };
  for (const path of roots) visit(path);
  const configs = [...found.values()].filter((config) => config !== undefined);
  return configs.length === found.size ? configs : undefined;
}
