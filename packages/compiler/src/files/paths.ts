import { isAbsolute, relative, sep } from "node:path";

/** The path of a module id, without the query and with forward slashes. */
export const pathOf = (id: string): string => slashed(id.replace(/\?.*$/, ""));

const slashed = (path: string): string => (sep === "\\" ? path.replaceAll("\\", "/") : path);

/** The path relative to the root, with forward slashes. */
export function projectPath(root: string, path: string): string {
  const inside = isAbsolute(path) ? relative(root, path) : path;
  return inside.replaceAll("\\", "/");
}

/** Single-file components. Their scripts are compiled after the plugin of their framework has made a module of them. */
export const components = /\.(?:vue|svelte|astro)$/;

/** Whether the path is a script or component of the project itself: neither a declaration file nor part of a package. */
export const isProjectFile = (path: string): boolean =>
  (/\.[cm]?[jt]sx?$/.test(path) || components.test(path)) &&
  !/\.d\.[cm]?ts$/.test(path) &&
  !/[\\/]node_modules[\\/]/.test(path);
