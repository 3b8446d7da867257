/** Perdure, with the durability in `BENCH_DURABILITY`: see queue-program.mjs. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { close, configure, startMany, worker } from "perdure";
import { flowsFile } from "../build.mjs";
import { queueProgram } from "./queue-program.mjs";

const { itemsEnd, queued, queuedRemote } = await import(pathToFileURL(flowsFile).href);

await queueProgram(async (work, directory) => {
  const durability = process.env.BENCH_DURABILITY;
  configure({ store: `sqlite:${join(directory, "perdure.db")}`, durability, logLevel: "error" });
  worker();
  const begin = async (items) => {
    const ended = itemsEnd(items.length);
    await startMany(
      work === "remote" ? queuedRemote : queued,
      items.map((item) => [item]),
    );
    await ended;
  };
  return { begin, close };
});
