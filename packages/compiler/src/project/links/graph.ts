import { parse } from "../../phases/1-parse/parse.ts";
import type { Module } from "./link.ts";

/** The modules that `module` imports directly. */
export function directImports(module: Module): Module[] {
  const found = new Map<string, Module>();
  for (const from of [...module.summary.imports, ...module.summary.stars]) {
    const target = module.follow(from);
    if (target) found.set(target.file, target);
  }
  return [...found.values()];
}

/**
 * `start` and everything it imports, directly or indirectly. Leaves out modules for which `skip` holds, and does not follow the imports of
 * modules for which `ends` holds.
 */
export function reachable(
  start: Module,
  skip: (module: Module) => boolean,
  ends: (module: Module) => boolean = () => false,
): Module[] {
  return reachableFrom([start], skip, ends);
}

/** The same for several modules. */
export function reachableFrom(
  starts: readonly Module[],
  skip: (module: Module) => boolean = () => false,
  ends: (module: Module) => boolean = () => false,
): Module[] {
  const found = new Map<string, Module>();
  const queue = [...starts];
  for (let module = queue.pop(); module; module = queue.pop()) {
    if (found.has(module.file) || skip(module)) continue;
    found.set(module.file, module);
    if (!ends(module)) queue.push(...directImports(module));
  }
  return [...found.values()];
}

/** The modules that `module` imports with declarations, and that lead to directives and not back to it. */
export function durableImports(module: Module, source: string): Module[] {
  return parse(module.file, source).program.body.flatMap((node) => {
    const from = "source" in node && node.source !== null ? node.source.value : undefined;
    const isType =
      ("importKind" in node && node.importKind === "type") || ("exportKind" in node && node.exportKind === "type");
    const target = from === undefined || isType ? undefined : module.follow(from);
    const all = target ? reachable(target, () => false) : [];
    const leads = all.some(({ summary }) => summary.hasDirective) && !all.some(({ file }) => file === module.file);
    return target && leads ? [target] : [];
  });
}
