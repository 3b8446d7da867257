import remapping, { type EncodedSourceMap } from "@jridgewell/remapping";
import type { SourceMap } from "magic-string";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** The source map of compiled text as a data URL. If the file has a source map itself, the result leads to the sources of that map. */
export function toUrl(map: SourceMap, source: string, path: string): string {
  const own = mapOf(source, path);
  if (!own) return map.toUrl();
  const given = { version: 3 as const, sources: [path], names: map.names, mappings: map.mappings };
  const chained = remapping(given, (file) => (file === path ? own : undefined));
  return `data:application/json;charset=utf-8;base64,${Buffer.from(chained.toString()).toString("base64")}`;
}

/** The source map that the file refers to, with absolute paths. `undefined` if it cannot be read. */
function mapOf(source: string, path: string): EncodedSourceMap | undefined {
  const url = [...source.matchAll(/^\/\/# sourceMappingURL=(\S+)\s*$/gm)].at(-1)?.[1];
  if (url === undefined) return undefined;
  try {
    const inline = /^data:application\/json[^,]*;base64,(.*)$/.exec(url)?.[1];
    const file = inline === undefined ? resolve(dirname(path), decodeURI(url)) : path;
    const text = inline === undefined ? readFileSync(file, "utf8") : Buffer.from(inline, "base64").toString("utf8");
    const { sourceRoot = "", ...map }: EncodedSourceMap = JSON.parse(text);
    return {
      ...map,
      sources: map.sources.map((each) => (each === null ? null : resolve(dirname(file), sourceRoot, each))),
    };
  } catch {
    return undefined;
  }
}
