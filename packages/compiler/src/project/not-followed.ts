import { isAbsolute } from "node:path";
import { isProjectFile, pathOf } from "../files/paths.ts";
import { hasChance } from "./purity/chance.ts";
import { directImports, reachable } from "./links/graph.ts";
import type { Module } from "./links/link.ts";
import type { ModuleCache } from "./modules.ts";
import type { WorkflowModules } from "./workflow-modules.ts";

/** The modules of a build by id, each with the ids of the modules that it imports. */
export type Edges = ReadonlyMap<string, readonly string[]>;

/** An import that the bundler follows and the compiler cannot: an automatic one, or one through a module that is not a file. */
export interface Unfollowed {
  readonly file: string;
  readonly source: string;
  readonly target: string;
  /** The specifier in the text of the file. */
  readonly by: string | undefined;
  /** Offset of the specifier, or else of the first function with a directive. */
  readonly at: number;
}

export function notFollowed(edges: Edges, cache: ModuleCache, workflows: WorkflowModules): Unfollowed[] {
  const found = new Map<string, Unfollowed>();
  for (const [id, imported] of edges) {
    const file = pathOf(id);
    const module = isFile(id) && workflows.has(file) ? cache.module(file) : undefined;
    if (!module) continue;
    const direct = new Set(directImports(module).map((each) => each.file));
    const others = imported.map(
      (each) => [each, [...filesBehind(each, edges)].filter((target) => !direct.has(target))] as const,
    );
    if (others.every(([, targets]) => targets.length === 0)) continue;
    const known = new Set(reachable(module, () => false).map((each) => each.file));
    for (const [each, targets] of others)
      for (const target of targets)
        if (!known.has(target) && matters(cache.module(target)))
          found.set(`${file}\0${target}`, unfollowed(module, cache.source(file) ?? "", target, each));
  }
  return [...found.values()];
}

/** Whether the id names a script of the project. */
const isFile = (id: string): boolean => isAbsolute(pathOf(id)) && isProjectFile(pathOf(id));

/** The file of an id, or the files that a module without a file imports. */
function filesBehind(id: string, edges: Edges): Set<string> {
  const files = new Set<string>();
  const seen = new Set<string>();
  const queue = [id];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    if (isFile(at)) files.add(pathOf(at));
    else if (!isAbsolute(pathOf(at))) queue.push(...(edges.get(at) ?? []));
  }
  return files;
}

/** Whether a workflow's code that calls into the module needs to know it. */
const matters = (module: Module | undefined): boolean =>
  module !== undefined && reachable(module, () => false).some((each) => each.summary.hasDirective || hasChance(each));

function unfollowed({ file, summary }: Module, source: string, target: string, id: string): Unfollowed {
  const by = isFile(id) ? undefined : [...summary.imports, ...summary.stars].find((from) => id.includes(from));
  const first = summary.functions.find(({ kind }) => kind !== undefined)?.at ?? 0;
  return { file, source, target, by, at: by === undefined ? first : Math.max(0, source.indexOf(by)) };
}
