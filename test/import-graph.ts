import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { parseSync } from "oxc-parser";

/** For each file of a package, the specifiers that it imports or re-exports, including types. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** The imports of every TypeScript file below `root`. Files are named by their path relative to it, with forward slashes. */
export function importGraph(root: string): ImportGraph {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/u.test(file));
  return new Map(files.map((file) => [file.split(sep).join("/"), importsOf(join(root, file))]));
}

function importsOf(file: string): string[] {
  const { module } = parseSync(file, readFileSync(file, "utf8"));
  const imported = module.staticImports.map(({ moduleRequest }) => moduleRequest.value);
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
  );
  return [...imported, ...exported];
}

/** The file that a relative import resolves to; undefined for the import of a package. */
const targetOf = (file: string, specifier: string): string | undefined =>
  specifier.startsWith(".")
    ? relative("/", resolve("/", dirname(file), specifier))
        .split(sep)
        .join("/")
    : undefined;

/** Relative imports, as pairs of files. */
export const edges = (graph: ImportGraph): { readonly from: string; readonly to: string }[] =>
  [...graph].flatMap(([from, specifiers]) =>
    specifiers.flatMap((specifier) => {
      const to = targetOf(from, specifier);
      return to === undefined ? [] : [{ from, to }];
    }),
  );

/** Import cycles, each as `a.ts → b.ts → a.ts`. */
export function cycles(graph: ImportGraph): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges(graph)) next.set(from, [...(next.get(from) ?? []), to]);
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const place = path.indexOf(file);
    if (place >= 0) found.push([...path.slice(place), file].join(" → "));
    if (place >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** The room of a file: the file itself if the table contains it, otherwise its folder (`.` for the root). */
const roomOf = (file: string, rooms: readonly string[]): string | undefined =>
  [file, posix.dirname(file)].find((room) => rooms.includes(room));

/** Entries of the table that allow a room to import from one that does not precede it. Rooms are listed from bottom to top. */
export function upwards(table: Readonly<Record<string, readonly string[]>>): string[] {
  const rooms = Object.keys(table);
  return Object.entries(table).flatMap(([room, allowed]) =>
    allowed
      .filter((other) => !rooms.slice(0, rooms.indexOf(room)).includes(other))
      .map((other) => `${room} → ${other}`),
  );
}

/** Imports between rooms that the table does not allow, and files that are in no room. */
export function violations(graph: ImportGraph, table: Readonly<Record<string, readonly string[]>>): string[] {
  const rooms = Object.keys(table);
  const homeless = [...graph.keys()].filter((file) => roomOf(file, rooms) === undefined);
  const wrong = edges(graph).filter(({ from, to }) => {
    const [inside, other] = [roomOf(from, rooms), roomOf(to, rooms)];
    return inside !== undefined && inside !== other && !(table[inside] ?? []).includes(other ?? "");
  });
  return [...homeless.map((file) => `${file} is in no room`), ...wrong.map(({ from, to }) => `${from} → ${to}`)];
}
