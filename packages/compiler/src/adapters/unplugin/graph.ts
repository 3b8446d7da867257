import type { SourceMapInput } from "@jridgewell/trace-mapping";
import type { UnpluginBuildContext } from "unplugin";
import type { EnvironmentModuleNode } from "vite";
import type { Compilation } from "webpack";
import { pathOf } from "../../files/paths.ts";
import type { Session } from "../session/session.ts";
import { hasEnvironment } from "./environment.ts";

/** The part of Rollup's plugin context that Rolldown and Vite have too. */
interface ModuleGraph {
  getModuleIds(): Iterable<string>;
  getModuleInfo(
    id: string,
  ): { readonly importedIds?: readonly string[]; readonly dynamicallyImportedIds?: readonly string[] } | null;
}

const isModuleGraph = (context: object): context is ModuleGraph =>
  "getModuleIds" in context && "getModuleInfo" in context;

interface MappedContext {
  getCombinedSourcemap(): SourceMapInput;
}

const isMapped = (context: object): context is MappedContext => "getCombinedSourcemap" in context;

/** The map from the text that a plugin gets to the file, if the bundler has one. */
export function combinedMap(context: Pick<UnpluginBuildContext, "getNativeBuildContext">): SourceMapInput | undefined {
  if (isMapped(context)) return context.getCombinedSourcemap();
  const native = context.getNativeBuildContext?.();
  const isWebpack = native?.framework === "webpack" || native?.framework === "rspack";
  return (isWebpack ? native.inputSourceMap : undefined) ?? undefined;
}

/** The modules of a build. `undefined` if the bundler does not expose them. */
export function builtModules(context: UnpluginBuildContext): readonly string[] | undefined {
  if (isModuleGraph(context)) return [...context.getModuleIds()];
  const native = context.getNativeBuildContext?.();
  if (native?.framework !== "webpack" && native?.framework !== "rspack") return undefined;
  const modules = [...(native.compilation?.modules ?? [])].flatMap((module) => [module, ...partsOf(module)]);
  return modules.flatMap((module) => module.nameForCondition() ?? []);
}

interface Named {
  nameForCondition(): string | null | undefined;
}

/** The modules that webpack or Rspack has joined to one. */
function partsOf(module: object): Named[] {
  const parts: unknown = Reflect.get(module, "modules");
  const isNamed = (part: unknown): part is Named =>
    typeof part === "object" && part !== null && "nameForCondition" in part;
  return Array.isArray(parts) ? parts.filter(isNamed) : [];
}

/** The imports of the modules of a build, if the bundler exposes them. */
export function builtImports(context: UnpluginBuildContext): Edges {
  if (isModuleGraph(context)) return importsOf(context);
  const native = context.getNativeBuildContext?.();
  return native?.framework === "webpack" && native.compilation ? connections(native.compilation) : [];
}

export type Importers = (path: string) => readonly string[];

/** Finds the importers of a module, in the bundler's own graph if it exposes one, and in the modules that the session has compiled so far. */
export function importersOf(context: object, session: Session): Importers {
  if (hasEnvironment(context) && context.environment.mode === "dev") return fromServer(context.environment.moduleGraph);
  // Rolldown may list the imports of a module only after it has loaded them
  if (isModuleGraph(context)) return inverse([...importsOf(context), ...session.importEdges()]);
  return inverse(session.importEdges());
}

export type Edges = Iterable<readonly [path: string, imported: readonly string[]]>;

/** A module of a development server is identified by the file that it was made from. */
const fromServer =
  (graph: { getModulesByFile(file: string): Set<EnvironmentModuleNode> | undefined }): Importers =>
  (path) =>
    [...(graph.getModulesByFile(path) ?? [])].flatMap(({ importers }) =>
      [...importers].flatMap(({ file }) => file ?? []),
    );

function* importsOf(graph: ModuleGraph): Edges {
  for (const id of graph.getModuleIds()) {
    const info = graph.getModuleInfo(id);
    yield [id, [...(info?.importedIds ?? []), ...(info?.dynamicallyImportedIds ?? [])]];
  }
}

/** The imports of the modules of a webpack build. */
export function* connections({ modules, moduleGraph }: Compilation): Edges {
  for (const module of modules) {
    const imported = [...moduleGraph.getOutgoingConnections(module)].flatMap(
      (each) => each.module?.nameForCondition() ?? [],
    );
    yield [module.nameForCondition() ?? "", imported];
  }
}

export function inverse(edges: Edges): Importers {
  const importers = new Map<string, string[]>();
  for (const [id, imported] of edges) {
    for (const each of imported) importers.set(pathOf(each), [...(importers.get(pathOf(each)) ?? []), pathOf(id)]);
  }
  return (path) => importers.get(path) ?? [];
}
