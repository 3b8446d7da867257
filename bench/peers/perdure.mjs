/** Perdure with its default settings, on SQLite or on the PostgreSQL of `BENCH_PERDURE_POSTGRES`: see program.mjs. */
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { close, configure, start } from "perdure";
import { flowsFile } from "../build.mjs";
import { program } from "./program.mjs";

if (process.argv[2] === "record") process.env.BENCH_DIES = "1";
const { dying, sequential } = await import(pathToFileURL(flowsFile).href);

const postgres = process.env.BENCH_PERDURE_POSTGRES;
const schemaOf = (directory) => basename(directory).toLowerCase().replaceAll(/\W/g, "_");

await program(async (directory) => {
  const store = postgres ? `${postgres}?schema=${schemaOf(directory)}` : `sqlite:${join(directory, "perdure.db")}`;
  configure({ store, logLevel: "error" });
  const last = async (id, steps) => (await start(dying, [id, steps])).result();
  return {
    run: async (id, steps) => (await start(sequential, [id, steps, 100])).result(),
    record: last,
    resume: last,
    close,
  };
});
