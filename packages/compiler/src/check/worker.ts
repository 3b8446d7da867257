import { parentPort, workerData } from "node:worker_threads";
import { check } from "./check.ts";

/** Runs the check in a worker thread. `workerData` holds the options. The only message is the result. */
parentPort?.postMessage(check(workerData));
