/** openworkflow on SQLite: see program.mjs. */
import { join } from "node:path";
import { OpenWorkflow } from "openworkflow";
import { BackendSqlite } from "openworkflow/sqlite";
import { body, die, program, value } from "./program.mjs";

await program(async (directory) => {
  const client = new OpenWorkflow({ backend: BackendSqlite.connect(join(directory, "openworkflow.db")) });
  let atEnd;
  const workflow = client.defineWorkflow({ name: "sequential" }, ({ input, step }) =>
    body(async () => {
      let sum = 0;
      for (let index = 0; index < input.steps; index++)
        sum += (await step.run({ name: `step-${index}` }, async () => value(index))).index;
      atEnd?.();
      return sum;
    }),
  );
  const worker = client.newWorker({ concurrency: 1000 });
  await worker.start();
  const run = async (id, steps) => (await workflow.run({ steps }, { idempotencyKey: id })).result();
  return {
    run,
    record(id, steps) {
      atEnd = die;
      return run(id, steps);
    },
    resume: run,
  };
});
