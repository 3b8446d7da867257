/** A worker on a PostgreSQL store, until it is killed: node fleet-worker.mjs URL */
import { pathToFileURL } from "node:url";
import { configure, worker } from "perdure";
import { flowsFile } from "../build.mjs";

await import(pathToFileURL(flowsFile).href);
configure({ store: process.argv[2], logLevel: "error" });
worker({ concurrency: 50 });
