// Queues deliver a message at least once: sometimes twice at the same time, sometimes again much later. The run's id makes it one job.
import { close, start } from "perdure";

interface Message {
  readonly id: string;
  readonly file: string;
}

async function fetchData(file: string): Promise<number[]> {
  "use task";
  console.log(`fetching ${file}`);
  return [1, 2, 3];
}

async function save(file: string, total: number): Promise<string> {
  "use task";
  console.log(`saving ${file}`);
  return `${file}: ${total}`;
}

export async function importFile(file: string): Promise<string> {
  "use workflow";
  const numbers = await fetchData(file);
  return save(
    file,
    numbers.reduce((sum, number) => sum + number, 0),
  );
}

async function handle({ id, file }: Message): Promise<string> {
  const run = await start(importFile, [file], { id });
  return run.result();
}

const first: Message = { id: "message-1", file: "january.csv" };
const second: Message = { id: "message-2", file: "february.csv" };

console.log(await Promise.all([first, second, first].map(handle)));
console.log(await handle(first));
await close();
