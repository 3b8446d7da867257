/** Serves the workflows that `$PERDURE_PROGRAM` names, with what they call, at `$PORT`, until it is killed. */
import { serve } from "perdure-restate";
import { features } from "./features.ts";
import { child, programs, waiting } from "./programs.ts";

const { PORT = "0", PERDURE_PROGRAM = "", RESTATE_ADMIN } = process.env;
const program = programs[PERDURE_PROGRAM as keyof typeof programs];
const workflows = PERDURE_PROGRAM === "features" ? Object.values(features) : [program];
const called = { children: [child], cancelled: [waiting] }[PERDURE_PROGRAM] ?? [];
await serve({
  workflows: [...workflows, ...called],
  port: Number(PORT),
  host: "127.0.0.1",
  url: `http://127.0.0.1:${PORT}`,
  ...(RESTATE_ADMIN !== undefined && { admin: RESTATE_ADMIN }),
  runtime: { logLevel: "warn" },
});
console.log("serving");
