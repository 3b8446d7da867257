/** Other queues, with the same work as one of Perdure: 1,000 items, at most five at once, in one process. */
import { connect } from "node:net";
import { ask, cellOf, installed, perUnit } from "./peers.mjs";

const COUNT = 1000;
const WORKS = { none: "1,000 items that do nothing: an item", remote: "1,000 items that wait for 1 to 10 ms: an item" };

const peers = [
  { name: "p-queue 8 (in memory)", file: "queue-memory.mjs" },
  { name: "Perdure, full", file: "queue-perdure.mjs" },
  { name: "Perdure, normal", file: "queue-perdure.mjs", durability: "normal" },
  {
    name: "BullMQ 6.7 (Redis)",
    file: "queue-bullmq.mjs",
    packages: { bullmq: "6.7.0", ioredis: "5.8.2" },
    files: { "queue-program.mjs": "queue-program.mjs" },
    needsRedis: true,
  },
];

/** Whether a Redis answers on this machine. */
const hasRedis = () =>
  new Promise((resolve) => {
    const socket = connect(6379, "localhost");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

/** One row for each queue. Every cell is the median of some turns. */
export async function measureQueues(node, repeats) {
  const isThere = await hasRedis();
  const measured = [];
  for (const peer of peers)
    if (!peer.needsRedis || isThere)
      measured.push({ ...peer, place: await installed(peer, node), taken: { none: [], remote: [] } });
  for (let turn = 0; turn < repeats; turn++)
    for (const peer of measured)
      for (const work of Object.keys(WORKS))
        peer.taken[work].push(perUnit(ask(inDurability(node, peer), peer, work, COUNT), COUNT));
  const left = peers.filter(({ needsRedis }) => needsRedis && !isThere);
  return [
    ...measured.map(({ name, taken }) => rowOf(name, (work) => cellOf(taken[work]))),
    ...left.map(({ name }) => rowOf(name, () => "not measured: no Redis at localhost:6379")),
  ];
}

const inDurability = (node, { durability = "full" }) => ({
  ...node,
  environment: { ...node.environment, BENCH_DURABILITY: durability },
});

const rowOf = (name, cell) => ({
  "": name,
  ...Object.fromEntries(Object.entries(WORKS).map(([work, title]) => [title, cell(work)])),
});
