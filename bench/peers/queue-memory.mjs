/** `p-queue`, which keeps nothing: see queue-program.mjs. */
import PQueue from "p-queue";
import { execute, queueProgram } from "./queue-program.mjs";

await queueProgram(async (work) => {
  const queue = new PQueue({ concurrency: 5 });
  return { begin: (items) => Promise.all(items.map((item) => queue.add(() => execute(work, item)))), close() {} };
});
