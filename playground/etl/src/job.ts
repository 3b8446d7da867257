// The program that the launcher kills. It makes the report in $ETL_FOLDER, or resumes making it.
import { join } from "node:path";
import { close, configure } from "perdure";
import { edition } from "./edition.ts";
import { storeToDieWith } from "./fault.ts";
import { noteReplay } from "./journal.ts";
import { digest } from "./pipeline.ts";

const { ETL_FOLDER: folder = ".", ETL_DIE_AT_COMMIT: fatalCommit } = process.env;
const path = join(folder, "perdure.db");

configure({
  store: fatalCommit === undefined ? `sqlite:${path}` : storeToDieWith(path, Number(fatalCommit)),
  onStep: (event, _run, step) => {
    if (event === "replayed") noteReplay(step);
  },
});
await digest(edition, folder);
await close();
