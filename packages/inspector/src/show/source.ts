import { readdirSync, readFileSync, realpathSync, statSync, type Dirent } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { codeFrameColumns } from "@babel/code-frame";
import type { SourceLines } from "../api.ts";
import { readable } from "./values.ts";

/** Larger sources are not read for a few lines. */
const LARGEST = 2_000_000;
/** Larger source maps are not read, and no more of them than that. */
const LARGEST_MAP = 50_000_000;
const MOST_MAPS = 500;
/** The main script may stand in the root of the file system. */
const MOST_DIRECTORIES = 5_000;

/** The files that a durable call can stand in: a damaged location must not show another file. */
const SCRIPT = /\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/u;

/** The text of a source by its path relative to the project's root. Undefined where it cannot be found. */
export type SourceFinder = (file: string) => string | undefined;

interface SourcePlaces {
  /** The project's root. */
  readonly root: string;
  /** Directories with the source maps of a build, for the sources that are not below `root`. */
  readonly maps?: readonly string[];
}

/** Reads sources from the project, else from the `sourcesContent` of source maps, which are read once. */
export function sourceFinder({ root, maps = [] }: SourcePlaces): SourceFinder {
  let mapped: ReadonlyMap<string, string> | undefined;
  return (file) => {
    if (!SCRIPT.test(file)) return undefined;
    const text = readBelow(root, file);
    if (text !== undefined || maps.length === 0) return text;
    mapped ??= sourcesOf(maps.flatMap((directory) => mapsBelow(resolve(directory))));
    return mapped.get(file) ?? [...mapped].find(([path]) => path.endsWith(`/${file}`))?.[1];
  };
}

/** The text of the file, if it is one below `root`, not by way of a link to elsewhere, and in no installed package. */
function readBelow(root: string, file: string): string | undefined {
  try {
    const base = realpathSync(root);
    const path = realpathSync(resolve(base, file));
    const below = relative(base, path);
    const isOutside = below.startsWith("..") || isAbsolute(below) || /(?:^|[\\/])node_modules[\\/]/u.test(below);
    const found = isOutside ? undefined : statSync(path);
    // a pipe of that name would be waited for without end
    return found?.isFile() === true && found.size <= LARGEST ? readFileSync(path, "utf8") : undefined;
  } catch {
    return undefined; // the program runs from a build, and its sources are elsewhere
  }
}

/** Those of the upper directories first. */
function mapsBelow(path: string): string[] {
  const found: string[] = [];
  const directories = [path];
  for (const directory of directories)
    // grows meanwhile
    for (const entry of entries(directory)) {
      const inner = join(directory, entry.name);
      if (entry.isDirectory() && entry.name !== "node_modules") {
        if (directories.length < MOST_DIRECTORIES) directories.push(inner);
      } else if (entry.isFile() && entry.name.endsWith(".map") && found.length < MOST_MAPS) found.push(inner);
    }
  return found.filter((file) => statSync(file).size <= LARGEST_MAP);
}

function entries(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** The sources that the maps contain, by path without what leads up to the project: `../../src/orders.ts` is `src/orders.ts`. */
function sourcesOf(files: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of files) {
    const { sources = [], sourcesContent = [] } = parsed(file);
    for (const [number, source] of sources.entries()) {
      const text = sourcesContent[number];
      if (typeof text === "string" && typeof source === "string")
        found.set(source.replace(/^(?:\w+:\/\/)?(?:\.{0,2}\/)*/u, ""), text);
    }
  }
  return found;
}

function parsed(file: string): { readonly sources?: unknown[]; readonly sourcesContent?: unknown[] } {
  try {
    const { sources, sourcesContent } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    return {
      ...(Array.isArray(sources) && { sources }),
      ...(Array.isArray(sourcesContent) && { sourcesContent }),
    };
  } catch {
    return {};
  }
}

/** A line of a stack. The message stands above these, and may be long. */
const FRAME = /^ +at .{1,1000}$/gmu;

/** The first place in the error's stack that is below `root` and in no package, relative to it. */
export function thrownAt(error: unknown, root: string): string | undefined {
  const stack = error instanceof Error ? readable(() => String(error.stack)) : "";
  for (const frame of stack.matchAll(FRAME)) {
    const [, file = "", place = ""] = /\(?((?:file:\/\/)?\/[^()\n]+?):(\d+:\d+)\)?$/u.exec(frame[0]) ?? [];
    if (file === "") continue;
    const below = relative(resolve(root), file.replace(/^file:\/\//u, ""));
    if (!below.startsWith("..") && !isAbsolute(below) && !/(?:^|\/)node_modules\//u.test(below))
      return `${below}:${place}`;
  }
  return undefined;
}

interface Place {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

function placeOf(location: string, find: SourceFinder): Place | undefined {
  const [, file, line, column] = /^(.+):(\d+):(\d+)$/u.exec(location) ?? [];
  const text = file === undefined ? undefined : find(file);
  if (text === undefined || text.split("\n").length < Number(line)) return undefined;
  return { text, line: Number(line), column: Number(column) };
}

/** The lines around a location such as `src/orders.ts:12:18`. Undefined where the source cannot be found. */
export function linesAround(location: string, find: SourceFinder, margin = 4): SourceLines | undefined {
  const place = placeOf(location, find);
  if (!place) return undefined;
  const { line, column } = place;
  const firstLine = Math.max(1, line - margin);
  const lines = place.text.split(/\r?\n/u).slice(firstLine - 1, line + margin);
  return { location, firstLine, lines: lines.map((text) => text.slice(0, LONGEST_LINE)), line, column };
}

/** A minified source is one line. */
const LONGEST_LINE = 500;

/** The line of a location with its neighbors, as text for a terminal. */
export function frameOf(location: string, find: SourceFinder, usesColors: boolean): string | undefined {
  const place = placeOf(location, find);
  if (!place) return undefined;
  const { text, line, column } = place;
  const options = { linesAbove: 1, linesBelow: 1, highlightCode: usesColors, forceColor: usesColors };
  return codeFrameColumns(text, { start: { line, column } }, options);
}
