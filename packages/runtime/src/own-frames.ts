import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The folder of this package, with a slash at its end; undefined where a bundle contains this file. There the frames are those of the bundle, unless its
 * source map leads to the package.
 */
function ownFolder(): string | undefined {
  for (const above of ["../", "../../"]) {
    try {
      const folder = new URL(above, import.meta.url);
      const { name } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as { readonly name?: unknown };
      if (name === "perdure") return fileURLToPath(folder).replaceAll("\\", "/");
    } catch {
      // no package.json there, or no address of this file
    }
  }
  return undefined;
}

let folder: { readonly path: string | undefined } | undefined;

const IN_NODE_MODULES = /\/node_modules\/perdure\/(?:dist|src)\//;

/** Where Node.js calls what was given to an `AsyncLocalStorage`, as this package does around every call of a user's function. */
const OF_ASYNC_CONTEXT = /\(?node:(?:async_hooks|internal\/async_(?:hooks|local_storage|context_frame))/;

const OF_NODE = /^\s+at .*\(?node:internal\//;

function isOwn(line: string): boolean {
  folder ??= { path: ownFolder() };
  const place = line.replaceAll("\\", "/");
  return (folder.path !== undefined && place.includes(folder.path)) || IN_NODE_MODULES.test(place);
}

/** A stack trace without the frames of this package, and those of Node.js below them. @param message - of the error; it is left as it is */
export function withoutOwnFrames(stack: string, message: unknown): string {
  const at = typeof message === "string" && message !== "" ? stack.indexOf(message) : -1;
  const head = at === -1 ? "" : stack.slice(0, at + String(message).length);
  const lines = stack.slice(head.length).split("\n");
  const kept = lines.filter((line) => !/^\s+at /.test(line) || !isOwn(line));
  if (kept.length === lines.length) return stack;
  const rest = kept.filter((line) => !OF_ASYNC_CONTEXT.test(line));
  while (OF_NODE.test(rest.at(-1) ?? "")) rest.pop();
  return head + rest.join("\n");
}
