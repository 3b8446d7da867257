/** The measured workflows, and a store to run them in. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { close, configure, start } from "perdure";
import { flowsFile } from "./build.mjs";
import { directory } from "./raw.mjs";

export const flows = await import(pathToFileURL(flowsFile).href);

/** What a workflow returns. */
export const result = async (workflow, args) => (await start(workflow, args)).result();

/** Does the work in a store that is open, in a process whose code is compiled. */
export async function inStore(durability, work, path = join(directory(), "perdure.db"), warmUp = 200) {
  configure({ store: `sqlite:${path}`, durability, logLevel: "error" });
  try {
    await result(flows.sequential, ["warm", warmUp, 100]);
    return await work(path);
  } finally {
    await close();
  }
}
