// Events that arrive one by one are inserted five at a time. A batch that is not full is inserted half a second after its first event.
import { close, start, worker } from "perdure";

interface Event {
  readonly id: number;
  readonly page: string;
}

async function insert(events: readonly Event[]): Promise<void> {
  "use task";
  console.log(`inserting ${events.map(({ id }) => id).join(" ")}`);
}

export async function store(events: Event[]): Promise<number> {
  "use workflow";
  await insert(events);
  return events.length;
}

/** When this resolves, the event is durable, although it is not inserted yet. */
const record = (event: Event) => start(store, [event], { batch: { size: 5, wait: "500ms" } });

// what an earlier process has recorded and not inserted
worker();
const runs = [];
for (let id = 1; id <= 12; id++) runs.push(await record({ id, page: "/pricing" }));
console.log("recorded");
const batches = new Map(runs.map((run) => [run.id, run]));
const sizes = await Promise.all(Array.from(batches.values(), (run) => run.result()));
console.log(`done: batches of ${sizes.join(", ")}`);
await close();
