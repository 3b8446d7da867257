/** DBOS on the PostgreSQL of `BENCH_POSTGRES`: see program.mjs. */
import { basename } from "node:path";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { die, program, value } from "./program.mjs";

await program(async (directory) => {
  let atEnd;
  const workflow = DBOS.registerWorkflow(
    async (steps) => {
      let sum = 0;
      for (let index = 0; index < steps; index++)
        sum += (await DBOS.runStep(async () => value(index), { name: `step-${index}` })).index;
      atEnd?.();
      return sum;
    },
    { name: "sequential" },
  );
  const url = new URL(process.env.BENCH_POSTGRES);
  url.pathname = `/${basename(directory).toLowerCase().replaceAll(/\W/g, "_")}`;
  DBOS.setConfig({ name: "bench", systemDatabaseUrl: url.href, logLevel: "error" });
  await DBOS.launch();
  const run = async (id, steps) => (await DBOS.startWorkflow(workflow, { workflowID: id })(steps)).getResult();
  return {
    run,
    record(id, steps) {
      atEnd = die;
      return run(id, steps);
    },
    // `launch` recovers it
    resume: (id) => DBOS.retrieveWorkflow(id).getResult(),
    close: () => DBOS.shutdown(),
  };
});
