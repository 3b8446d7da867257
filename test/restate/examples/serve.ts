/** Serves the workflows of the module `$EXAMPLE` at `$PORT`, until it is killed. */
import { pathToFileURL } from "node:url";
import { taskContext } from "perdure";
import { serve } from "perdure-restate";
import { World } from "./world.ts";

const { PORT = "0", EXAMPLE = "", PERDURE_EFFECTS = "", RESTATE_ADMIN } = process.env;
const world = new World(PERDURE_EFFECTS);
const print = console.log;
console.log = (line: string) => void world.note({ kind: isInTask() ? "said" : "logged", line });

function isInTask(): boolean {
  try {
    return taskContext().attempt > 0;
  } catch {
    return false;
  }
}

const { example } = (await import(pathToFileURL(EXAMPLE).href)) as {
  readonly example: Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;
};
world.serves();
await serve({
  workflows: Object.values(example),
  port: Number(PORT),
  host: "127.0.0.1",
  url: `http://127.0.0.1:${PORT}`,
  ...(RESTATE_ADMIN !== undefined && { admin: RESTATE_ADMIN }),
  runtime: {
    logLevel: "warn",
    onStep: (event, _, step) => event === "started" && world.note({ kind: "started", line: step }),
  },
});
print("serving");
