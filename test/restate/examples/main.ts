/** Runs the main program that `$MAIN` names, with the workflows of the module `$EXAMPLE`, which another process serves. */
import { pathToFileURL } from "node:url";
import { restate } from "perdure-restate";
import { mains, pages, refusals, type Workflow } from "./mains.ts";
import { World } from "./world.ts";

const { MAIN = "", EXAMPLE = "", PERDURE_EFFECTS = "", RESTATE_URL = "" } = process.env;
const program = mains[MAIN] ?? refusals[MAIN] ?? pages.find(({ page }) => page === MAIN);
const { example } = (await import(pathToFileURL(EXAMPLE).href)) as {
  readonly example: Readonly<Record<string, Workflow>>;
};
await program?.main({
  client: restate(RESTATE_URL),
  workflows: example,
  world: new World(PERDURE_EFFECTS),
  print: (line) => console.log(line),
});
