/** Perdure with its default settings: see program.mjs. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { close, configure, start } from "perdure";
import { flowsFile } from "../build.mjs";
import { program } from "./program.mjs";

if (process.argv[2] === "record") process.env.BENCH_DIES = "1";
const { dying, sequential } = await import(pathToFileURL(flowsFile).href);

await program(async (directory) => {
  configure({ store: `sqlite:${join(directory, "perdure.db")}`, logLevel: "error" });
  const last = async (id, steps) => (await start(dying, [id, steps])).result();
  return {
    run: async (id, steps) => (await start(sequential, [id, steps, 100])).result(),
    record: last,
    resume: last,
    close,
  };
});
