/** The measured workflows, and a store to run them in. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { close, configure, start } from "perdure";
import { flowsFile } from "./build.mjs";
import { directory } from "./raw.mjs";

export const flows = await import(pathToFileURL(flowsFile).href);

/** What a workflow returns. */
export const result = async (workflow, args) => (await start(workflow, args)).result();

/**
 * Does the work in a store that is open. Before, it takes some steps whose time is not taken: code is compiled to its fastest form after two or
 * three thousand.
 */
export async function inStore(
  durability,
  work,
  { path = join(directory(), "perdure.db"), store = `sqlite:${path}`, warmUp = 3000 } = {},
) {
  configure({ store, ...(durability && { durability }), logLevel: "error" });
  try {
    await result(flows.sequential, ["warm", warmUp, 100]);
    return await work(path);
  } finally {
    await close();
  }
}
