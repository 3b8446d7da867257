/** Has a program load the better-sqlite3 in `BENCH_SQLITE`, whose binary fits its Node: node --import other-driver.mjs PROGRAM */
import { createRequire, registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { resolve } = createRequire(join(process.env.BENCH_SQLITE, "package.json"));
const files = new Map(["better-sqlite3", "better-sqlite3/package.json"].map((name) => [name, resolve(name)]));

registerHooks({
  resolve(specifier, context, next) {
    const file = files.get(specifier);
    return file === undefined ? next(specifier, context) : { url: pathToFileURL(file).href, shortCircuit: true };
  },
});
