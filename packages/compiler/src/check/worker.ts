import { parentPort, workerData } from "node:worker_threads";
import { check } from "./check.ts";

/** The check in a thread of its own: its data are the options, its one message is the result. */
parentPort?.postMessage(check(workerData));
