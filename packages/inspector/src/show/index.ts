export { frameOf, linesAround, sourceFinder, thrownAt, type SourceFinder } from "./source.ts";
export { headline, oneLine, readableCodec, safe, toJson, toText } from "./values.ts";
