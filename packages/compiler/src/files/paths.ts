import { components } from "@perdure/protocol";
import { realpathSync } from "node:fs";
import { isAbsolute, relative, sep } from "node:path";

/** The path of a module id, without the query and with forward slashes. */
export const pathOf = (id: string): string => slashed(id.replace(/\?.*$/, ""));

/** The path of the file itself, where the path leads over symbolic links. */
export function realPath(path: string): string {
  try {
    return slashed(realpathSync.native(path));
  } catch {
    return path;
  }
}

const slashed = (path: string): string => (sep === "\\" ? path.replaceAll("\\", "/") : path);

/** The path relative to the root, with forward slashes. */
export function projectPath(root: string, path: string): string {
  const inside = isAbsolute(path) ? relative(root, path) : path;
  return inside.replaceAll("\\", "/");
}

export { components };

/** Whether the path is a script, and not a declaration file. */
export const isScript = (path: string): boolean => /\.[cm]?[jt]sx?$/.test(path) && !/\.d\.[cm]?ts$/.test(path);

/** Whether the path is a script or component. */
export const isSource = (path: string): boolean => isScript(path) || components.test(path);

/** Whether the path is part of an installed package. */
export const isInstalled = (path: string): boolean => /[\\/]node_modules[\\/]/.test(path);

/** Whether the path is a script or component of the project itself. */
export const isProjectFile = (path: string): boolean => isSource(path) && !isInstalled(path);
