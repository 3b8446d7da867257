import { copyFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { taskContext } from "perdure";
import { journal } from "./journal.ts";
import type { Source } from "./model.ts";
import { readRows } from "./rows.ts";

const mirror = join(dirname(createRequire(import.meta.url).resolve("vega-datasets")), "../data");

/** How many times the mirror refuses each file before it serves it. */
const refusals: Readonly<Record<string, number>> = { "flights-5k.json": 2, "movies.json": 3, "stocks.csv": 1 };

/** Downloads a file from the mirror: a directory of an npm package that refuses some files at first. */
export async function download(file: string, folder: string): Promise<Source> {
  "use task: retries=4, backoff=constant(100ms)";
  return journal(async () => {
    if (taskContext().attempt <= (refusals[file] ?? 0)) throw new Error(`503 Service Unavailable: ${file}`);
    const path = join(folder, "raw", file);
    await mkdir(dirname(path), { recursive: true });
    await copyFile(join(mirror, file), path);
    return { path, rows: (await readRows(path)).length };
  });
}
