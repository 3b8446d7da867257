/** Serves steps one after another and steps side by side at `$PORT`, and the same by Restate's SDK alone at `$PLAIN_PORT`. */
import { createServer } from "node:http2";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createEndpointHandler, RestatePromise, workflow, type WorkflowContext } from "@restatedev/restate-sdk";
import { serve } from "perdure-restate";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** KiB on the heap at the step that asked for them, and before the run. */
const heaps = { before: 0, at: 0 };

function heap(): number {
  collect();
  return Math.round(process.memoryUsage().heapUsed / 1024);
}

async function step(n: number, isMeasured: boolean) {
  "use task: retries=0";
  if (isMeasured) heaps.at = heap();
  return n;
}

async function begin() {
  "use task: retries=0";
  heaps.before = heap();
}

async function growth() {
  "use task: retries=0";
  return heaps.at - heaps.before;
}

async function sequence(count: number) {
  "use workflow";
  await begin();
  for (let n = 1; n <= count; n++) await step(n, n === count);
  return growth();
}

/** The memory is taken when half of them have ended. */
async function branches(count: number) {
  "use workflow";
  await begin();
  let ended = 0;
  let half: Promise<number> | undefined;
  await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      await step(n, false);
      if (++ended === count / 2) half = step(count, true);
    }),
  );
  await half;
  return growth();
}

const plain = workflow({
  name: "plain",
  handlers: {
    run: async (ctx: WorkflowContext, [kind, count]: [string, number]) => {
      const begin = (n: number): RestatePromise<number> => ctx.run(`step ${n}`, () => n);
      if (kind === "sequence") for (let n = 0; n < count; n++) await begin(n);
      else await RestatePromise.all(Array.from({ length: count }, (_, n) => begin(n)));
    },
  },
});

const { PORT = "0", PLAIN_PORT = "0", RESTATE_ADMIN = "" } = process.env;
createServer(createEndpointHandler({ services: [plain] })).listen(Number(PLAIN_PORT), "127.0.0.1");
await serve({
  workflows: [sequence, branches],
  port: Number(PORT),
  host: "127.0.0.1",
  url: `http://127.0.0.1:${PORT}`,
  admin: RESTATE_ADMIN,
  runtime: { logLevel: "warn" },
});
console.log("serving");
