/** Effect Workflow on SQLite, as a cluster of one node: see program.mjs. */
import { join } from "node:path";
import { ClusterWorkflowEngine, SingleRunner } from "@effect/cluster";
import { SqliteClient } from "@effect/sql-sqlite-node";
import { Activity, Workflow } from "@effect/workflow";
import { Effect, Layer, ManagedRuntime, Schema } from "effect";
import { die, program, value } from "./program.mjs";

const Sequential = Workflow.make({
  name: "Sequential",
  payload: { id: Schema.String, steps: Schema.Number },
  success: Schema.Number,
  idempotencyKey: ({ id }) => id,
});

const step = (index) =>
  Activity.make({
    name: `step-${index}`,
    success: Schema.Struct({ index: Schema.Number, text: Schema.String }),
    execute: Effect.sync(() => value(index)),
  });

await program(async (directory) => {
  let atEnd;
  const workflows = Sequential.toLayer(({ steps }) =>
    Effect.gen(function* () {
      let sum = 0;
      for (let index = 0; index < steps; index++) sum += (yield* step(index)).index;
      atEnd?.();
      return sum;
    }),
  );
  const engine = ClusterWorkflowEngine.layer.pipe(
    Layer.provideMerge(SingleRunner.layer({ runnerStorage: "memory" })),
    Layer.provideMerge(SqliteClient.layer({ filename: join(directory, "effect.db") })),
  );
  const runtime = ManagedRuntime.make(workflows.pipe(Layer.provideMerge(engine)));
  await runtime.runtime();
  const run = (id, steps) => runtime.runPromise(Sequential.execute({ id, steps }));
  return {
    run,
    record(id, steps) {
      atEnd = die;
      return run(id, steps);
    },
    resume: run,
    close: () => runtime.dispose(),
  };
});
