import { formatLocation, type ModuleInfo } from "@perdure/protocol";
import { registry } from "../definitions/registry.ts";

/**
 * The site of the durable call that is about to be entered. Emitted code sets it after the last argument, so nothing runs between this and
 * the call. A call that turns out not to be durable leaves it behind; the name tells.
 */
export interface PendingSite {
  readonly module: ModuleInfo;
  readonly site: number;
}

const nothing: [] = [];

export function setSite(module: ModuleInfo, site: number): [] {
  registry.site = { module, site };
  return nothing;
}

/** Location of the call of `name`, when it came from a site that the compiler saw. */
export function takeSite(name: string): string | undefined {
  const { site: pending } = registry;
  if (!pending) return undefined;
  registry.site = undefined;
  const { module, site } = pending;
  const info = module.sites[site];
  return info && info[0] === name ? formatLocation(module.file, [info[1], info[2]]) : undefined;
}
