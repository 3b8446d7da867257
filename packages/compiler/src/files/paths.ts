import { isAbsolute, relative } from "node:path";

/** Path from the root, with forward slashes. */
export function projectPath(root: string, path: string): string {
  const inside = isAbsolute(path) ? relative(root, path) : path;
  return inside.replaceAll("\\", "/");
}
