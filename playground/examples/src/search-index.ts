// Documents are saved far more often than the search index has to change: the saves of one document that follow one another closely become one run.
import { close, start, worker, type Run } from "perdure";

async function updateIndex(document: string, text: string): Promise<string> {
  "use task";
  console.log(`indexing ${document}: ${text}`);
  return `${document}: ${text}`;
}

export async function index(document: string, text: string): Promise<string> {
  "use workflow";
  return updateIndex(document, text);
}

/** The run begins a second after the last save of the document, with the text of that, and ten seconds after the first save at the latest. */
async function save(document: string, text: string): Promise<Run<string>> {
  const run = await start(index, [document, text], { debounce: { key: document, wait: "1s", max: "10s" } });
  console.log(`saved ${document}: ${text}`);
  return run;
}

// what an earlier process has recorded and not begun
worker();
const runs = [
  await save("guide", "Once"),
  await save("guide", "Once upon"),
  await save("news", "Today"),
  await save("guide", "Once upon a time"),
];
const results = await Promise.all(runs.map((run) => run.result()));
console.log(`done: ${[...new Set(results)].join(", ")}`);
await close();
