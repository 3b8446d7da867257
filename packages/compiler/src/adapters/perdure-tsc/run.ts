import type { ProjectOptions } from "../session/project-options.ts";
import { codeOf, findCompiler, runVisibly } from "./compiler.ts";
import { configsOf } from "./configs.ts";
import { readInvocation } from "./invocation.ts";
import { TscProject } from "./project.ts";
import { watch } from "./watch.ts";

/** The command `perdure-tsc`: does the same as `tsc` with these arguments, but emits compiled JavaScript. Returns the exit code. */
export async function run(args: readonly string[], options: ProjectOptions): Promise<number> {
  const directory = process.cwd();
  const compiler = await findCompiler(directory);
  const invocation = readInvocation(args);
  const configs = invocation.mode === "nothing" ? undefined : configsOf(invocation, directory);
  if (!configs) return codeOf(runVisibly(compiler, args));
  const project = new TscProject(compiler, invocation, configs, options);
  return invocation.watch ? watch(project) : project.once();
}
