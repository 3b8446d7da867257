import remapping, { type EncodedSourceMap } from "@jridgewell/remapping";
import type { SourceMap } from "magic-string";

/** The JavaScript that another compiler emitted from compiled text. Its source map is in `map` or inline in the code. */
export interface Emitted {
  readonly code: string;
  readonly map: string | undefined;
}

/** The source that was compiled, and the map from the compiled text to it. */
export interface Original {
  readonly source: string;
  readonly map: SourceMap;
}

const inlineMap = /^(\/\/# sourceMappingURL=data:application\/json;(?:charset=[^;,]+;)?base64,)(\S+)(\s*)$/m;

/**
 * Returns the code with a source map that leads through the compiled text to the original sources.
 *
 * @param find - finds the original for an entry of `sources`
 */
export function withChainedMap(
  { code, map }: Emitted,
  find: (source: string, sourceRoot: string) => Original | undefined,
): Emitted {
  if (map !== undefined) return { code, map: chain(map, find) };
  const chained = code.replace(inlineMap, (_, before: string, encoded: string, after: string) => {
    const decoded = Buffer.from(encoded, "base64").toString("utf8");
    return before + Buffer.from(chain(decoded, find)).toString("base64") + after;
  });
  return { code: chained, map };
}

function chain(text: string, find: (source: string, sourceRoot: string) => Original | undefined): string {
  const outer: EncodedSourceMap = JSON.parse(text);
  const originals = outer.sources.map((source) => find(source ?? "", outer.sourceRoot ?? ""));
  if (originals.every((each) => each === undefined)) return text;
  // sources are numbered, because the meaning of a path depends on the location of the map
  const {
    sourceRoot: _root,
    sourcesContent: _content,
    ...numbered
  } = { ...outer, sources: outer.sources.map((_, index) => `compiled:${index}`) };
  const chained = remapping(numbered, (file) => {
    const index = /^compiled:(\d+)$/.exec(file)?.[1];
    const original = index === undefined ? undefined : originals[Number(index)];
    return (
      original && {
        version: 3,
        sources: [`original:${index}`],
        names: original.map.names,
        mappings: original.map.mappings,
      }
    );
  });
  const indexes = chained.sources.map((source) => Number(/:(\d+)$/.exec(source ?? "")?.[1]));
  return JSON.stringify({
    ...outer,
    sources: indexes.map((index) => outer.sources[index]),
    ...(outer.sourcesContent && {
      sourcesContent: indexes.map((index) => originals[index]?.source ?? outer.sourcesContent?.[index]),
    }),
    names: chained.names,
    mappings: chained.mappings,
  });
}
