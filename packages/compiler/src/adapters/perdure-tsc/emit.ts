import { PerdureError } from "@perdure/protocol";
import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { withChainedMap, type Emitted, type Original } from "../session/chained-map.ts";
import { runQuietly, type Compiler } from "./compiler.ts";
import type { Config } from "./configs.ts";
import { emitArguments } from "./emit-arguments.ts";
import type { Invocation } from "./invocation.ts";
import { Mirror, type Differences } from "./mirror.ts";
import type { Compiled } from "./sources.ts";

/** The JavaScript of a project. */
export interface Emission {
  /** File contents by path. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Every file that the compiler read. */
  readonly inputs: readonly string[];
}

/**
 * Emits the JavaScript of the compiled sources with the project's own compiler. The compiler runs in a mirror of the file system in
 * which the compiled sources replace the originals. So every transformation of the compiler (decorators, class fields, namespaces,
 * CommonJS, lower targets) applies to code that Perdure has already compiled.
 *
 * @throws PerdureError `TSC_EMITTED_NOTHING`
 */
export async function emit(
  compiler: Compiler,
  invocation: Invocation,
  config: Config,
  sources: ReadonlyMap<string, Compiled>,
  reachable: readonly string[],
): Promise<Emission> {
  const mirror = new Mirror();
  try {
    mirror.show(differences(config, sources, reachable));
    const args = emitArguments(invocation, config, mirror);
    const { output } = await runQuietly(compiler, args, mirror.inside(process.cwd()));
    return read(config, sources, mirror, output);
  } finally {
    mirror.remove();
  }
}

function differences(
  config: Config,
  sources: ReadonlyMap<string, Compiled>,
  reachable: readonly string[],
): Differences {
  const files = new Map([...sources].map(([path, { code }]) => [path, code] as const));
  const empty = separateOutput(config);
  const beside = empty === undefined ? [...config.files, ...reachable].map((file) => dirname(file)) : [];
  return {
    files,
    empty: empty === undefined ? [] : [empty],
    own: [...beside, process.cwd()],
    hides: empty === undefined ? isOutputBeside : () => false,
  };
}

/** The output directory, unless it contains sources. */
export function separateOutput({ path, files, options: { outDir } }: Config): string | undefined {
  if (outDir === undefined) return undefined;
  const directory = resolve(outDir);
  return [path, ...files].some((file) => file.startsWith(directory + sep)) ? undefined : directory;
}

/**
 * Matches `order.js` and `order.js.map` next to `order.ts`. They must not be linked, or the compiler would overwrite the real files through
 * the links.
 */
function isOutputBeside(name: string, siblings: ReadonlySet<string>): boolean {
  const match = /^(.*)\.([cm]?)jsx?(?:\.map)?$/.exec(name);
  return (
    match !== null &&
    [".ts", ".tsx"].some((extension) => siblings.has(`${match[1]}${extension.replace(".", `.${match[2]}`)}`))
  );
}

function read(config: Config, sources: ReadonlyMap<string, Compiled>, mirror: Mirror, output: string): Emission {
  const lines = output.split(/\r?\n/);
  const emitted = lines
    .flatMap((line) => (line.startsWith("TSFILE: ") ? line.slice("TSFILE: ".length) : []))
    .filter((path) => mirror.isInside(path) && existsSync(path));
  const inputs = lines
    .filter((line) => isAbsolute(line) && existsSync(line))
    .map((path) => (mirror.isInside(path) ? mirror.outside(path) : path));
  const scripts = emitted.filter((path) => !path.endsWith(".map"));
  if (scripts.length === 0)
    throw new PerdureError("TSC_EMITTED_NOTHING", {
      project: relative(process.cwd(), config.path),
      output: mirror.withoutMirror(output).trim(),
    });
  const outputs = new Map<string, string>();
  for (const path of scripts) {
    const { code, map } = chained(path, config, sources, inputs, mirror);
    outputs.set(mirror.outside(path), mirror.withoutMirror(code));
    if (map !== undefined) outputs.set(mirror.outside(`${path}.map`), mirror.withoutMirror(map));
  }
  return { outputs, inputs };
}

function chained(
  path: string,
  config: Config,
  sources: ReadonlyMap<string, Compiled>,
  inputs: readonly string[],
  mirror: Mirror,
): Emitted {
  const map = existsSync(`${path}.map`) ? readFileSync(`${path}.map`, "utf8") : undefined;
  const real = mirror.outside(path);
  const find = (source: string, sourceRoot: string): Original | undefined => {
    const bases = sourceRoot === "" ? [dirname(real)] : rootsOf(config, inputs);
    const known = bases.map((base) => resolve(base, source)).find((each) => inputs.includes(each));
    return known === undefined ? undefined : sources.get(known);
  };
  return withChainedMap({ code: readFileSync(path, "utf8"), map }, find);
}

/** The directories that the paths of a source map with a `sourceRoot` may be relative to. */
function rootsOf({ path, options: { rootDir } }: Config, inputs: readonly string[]): string[] {
  if (rootDir !== undefined) return [resolve(rootDir)];
  const own = inputs.filter((file) => !/\.d\.[cm]?ts$/.test(file)).map((file) => dirname(file).split(sep));
  const [first = []] = own;
  const shared = first.findIndex((name, i) => own.some((each) => each[i] !== name));
  return [
    (shared === -1 ? first : first.slice(0, shared)).join(sep) || sep,
    ...(path === "" ? [] : [join(dirname(path))]),
  ];
}
