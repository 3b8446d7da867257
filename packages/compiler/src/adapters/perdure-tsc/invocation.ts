import { ts } from "ts-morph";

/** A parsed `tsc` command line. */
export interface Invocation {
  /** The arguments, unchanged. */
  readonly args: readonly string[];
  /** `nothing`: the command compiles nothing (`--help`, `--init`, `--clean`, …). */
  readonly mode: "nothing" | "project" | "build";
  readonly watch: boolean;
  /** Compiler options given on the command line. */
  readonly options: ts.CompilerOptions;
  /** Files, or projects if `mode` is `build`. */
  readonly named: readonly string[];
  /** The value of `--project`. */
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
    mode: nothing ? "nothing" : isBuild ? "build" : "project",
    watch: watch === true || (isBuild && args.some((each) => /^--?w(?:atch)?$/i.test(each))),
    options: rest,
    named: fileNames,
    project: typeof project === "string" ? project : undefined,
  };
}
