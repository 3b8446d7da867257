#!/usr/bin/env node
import { createProgram } from "./program.ts";

// the reader of a pipe has seen enough: `perdure runs | head`
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

await createProgram().parseAsync();
