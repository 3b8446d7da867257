export { frameOf, linesAround, sourceFinder, thrownAt, type SourceFinder } from "./source.ts";
export { limitsText } from "./limits.ts";
export { headline, oneLine, readable, readableCodec, safe, toJson, toText } from "./values.ts";
