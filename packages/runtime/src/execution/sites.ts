import { formatLocation, type ModuleInfo } from "@perdure/protocol";
import { processWide } from "../process-wide.ts";

/**
 * The site of the durable call that is about to be entered. Emitted code sets it after the last argument, so no other code runs
 * between this and the call. A call that turns out not to be durable leaves the site behind; its name then does not match.
 */
interface PendingSite {
  readonly module: ModuleInfo;
  readonly site: number;
}

const pending = processWide<{ site: PendingSite | undefined }>("site", () => ({ site: undefined }));

const nothing: [] = [];

export function setSite(module: ModuleInfo, site: number): [] {
  pending.site = { module, site };
  return nothing;
}

/** Location of the call of `name`, when it came from a site that the compiler saw. */
export function takeSite(name: string): string | undefined {
  const { site } = pending;
  if (!site) return undefined;
  pending.site = undefined;
  const info = site.module.sites[site.site];
  return info && info[0] === name ? formatLocation(site.module.file, [info[1], info[2]]) : undefined;
}
