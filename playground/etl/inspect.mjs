// Serves the inspector for the killed run of the job, until Ctrl+C: `node inspect.mjs [directory of build, stores and reports]`
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { close, configure } from "perdure";
import { serveInspector } from "perdure/inspector";
import { inspectorOf } from "./inspector.mjs";

const root = import.meta.dirname;
const home = resolve(process.argv[2] ?? `${root}/.perdure`);
const store = `${home}/killed/perdure.db`;

if (existsSync(store)) {
  configure({ store: `sqlite:${store}` });
  const { port, token } = inspectorOf(home);
  const server = await serveInspector({ port, token, root });
  console.log(`The inspector is at ${server.url}\nWhoever has this address can see and change every run.`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void server.close().then(close));
} else {
  console.error("There is no killed run yet: npm start makes one.");
  process.exitCode = 1;
}
