import { formatLocation, type ModuleInfo } from "@perdure/protocol";

interface Pending {
  readonly module: ModuleInfo;
  readonly site: number;
}

/**
 * The site of the durable call that is about to be entered. Emitted code sets it after the last argument, so nothing runs between this and
 * the call. A call that turns out not to be durable leaves it behind; the name tells.
 */
let pending: Pending | undefined;

const nothing: [] = [];

export function setSite(module: ModuleInfo, site: number): [] {
  pending = { module, site };
  return nothing;
}

/** Location of the call of `name`, when it came from a site that the compiler saw. */
export function takeSite(name: string): string | undefined {
  if (!pending) return undefined;
  const { module, site } = pending;
  pending = undefined;
  const info = module.sites[site];
  return info && info[0] === name ? formatLocation(module.file, [info[1], info[2]]) : undefined;
}
