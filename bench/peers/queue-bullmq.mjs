/** BullMQ on the Redis at localhost:6379: see queue-program.mjs. */
import { Queue, Worker } from "bullmq";
import { execute, queueProgram } from "./queue-program.mjs";

await queueProgram(async (work) => {
  const connection = { host: "localhost", port: 6379, maxRetriesPerRequest: null };
  const name = `bench-${process.pid}`;
  const queue = new Queue(name, { connection });
  let left = 0;
  let allEnded = () => {};
  const worker = new Worker(name, ({ data: { item } }) => execute(work, item), { connection, concurrency: 5 });
  worker.on("completed", () => --left === 0 && allEnded());
  return {
    async begin(items) {
      left = items.length;
      const ended = new Promise((resolve) => (allEnded = resolve));
      await queue.addBulk(items.map((item) => ({ name: "item", data: { item } })));
      await ended;
    },
    async close() {
      await worker.close();
      await queue.obliterate({ force: true });
      await queue.close();
    },
  };
});
