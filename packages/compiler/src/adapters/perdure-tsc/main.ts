#!/usr/bin/env node
import { PerdureError } from "@perdure/protocol";
import { constants } from "node:os";
import { projectOptions } from "../session/project-options.ts";
import { run } from "./run.ts";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => process.exit(128 + constants.signals[signal]));

try {
  process.exitCode = await run(process.argv.slice(2), projectOptions());
} catch (error) {
  if (!(error instanceof PerdureError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
