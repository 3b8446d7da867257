import { readFileSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { codeFrameColumns } from "@babel/code-frame";

/** Larger files are not read for a few lines. */
const LIMIT = 2_000_000;

/** The first place in the error's stack that is below `root` and in no package, relative to it. */
export function thrownAt(error: unknown, root: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  for (const [, file = "", place = ""] of (error.stack ?? "").matchAll(
    /\(?((?:file:\/\/)?\/[^()\n]+?):(\d+:\d+)\)?$/gmu,
  )) {
    const below = relative(resolve(root), file.replace(/^file:\/\//u, ""));
    if (!below.startsWith("..") && !isAbsolute(below) && !/(?:^|\/)node_modules\//u.test(below))
      return `${below}:${place}`;
  }
  return undefined;
}

/** The lines of the source around a location such as `src/orders.ts:12:18`; undefined where the file is not below `root`. */
export function sourceFrame(
  location: string,
  { root, colors }: { readonly root: string; readonly colors: boolean },
): string | undefined {
  const [, file, line, column] = /^(.+):(\d+):(\d+)$/u.exec(location) ?? [];
  if (file === undefined) return undefined;
  const path = resolve(root, file);
  const below = relative(root, path);
  if (below.startsWith("..") || isAbsolute(below)) return undefined;
  try {
    if (statSync(path).size > LIMIT) return undefined;
    const text = readFileSync(path, "utf8");
    if (text.split("\n").length < Number(line)) return undefined;
    const start = { line: Number(line), column: Number(column) };
    return codeFrameColumns(
      text,
      { start },
      { linesAbove: 1, linesBelow: 1, highlightCode: colors, forceColor: colors },
    );
  } catch {
    return undefined; // the program runs from a build, and its sources are elsewhere
  }
}
