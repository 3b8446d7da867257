import type { QueueInfo, QueueKeyInfo } from "perdure";
import type { Client } from "perdure/tools";
import type { QueueItem, QueuePage } from "../api.ts";
import { limitsText } from "../show/index.ts";

/** Every queue that is defined or used, by name. */
export const queueList = async (client: Client): Promise<QueueItem[]> => (await client.queues()).map(queueItem);

/** @throws PerdureError `QUEUE_NOT_FOUND` */
export async function queuePage(client: Client, name: string, limit: number): Promise<QueuePage> {
  const queue = client.queue(name);
  const info = await queue.info();
  const keys = await queue.keys({ limit: limit + 1 });
  return {
    queue: queueItem(info),
    keys: keys.slice(0, limit).map((key) => ({ key: key.key, ...countsOf(key) })),
    hasMoreKeys: keys.length > limit,
  };
}

const queueItem = (info: QueueInfo): QueueItem => ({
  name: info.name,
  limits: limitsText(info),
  ...(info.concurrency !== undefined && { concurrency: info.concurrency }),
  ...countsOf(info),
});

const countsOf = ({ waiting, running, oldest }: QueueInfo | QueueKeyInfo) => ({
  waiting,
  running,
  ...(oldest && { oldest: oldest.getTime() }),
});
