import type * as tsc from "./dist/tsc.mjs" with { "resolution-mode": "import" };
declare const transformer: typeof tsc;
export = transformer;
