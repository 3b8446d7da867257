import type * as plugin from "../dist/typescript-plugin.mjs" with { "resolution-mode": "import" };
declare const init: typeof plugin.default;
export = init;
