// A run with an id that you choose. It starts only once, however many times it is requested, and can be found by its id.
import { close, getRun, listRuns, PerdureError, start } from "perdure";

async function fetchAnalyst(id: string): Promise<string> {
  "use task";
  console.log(`fetching ${id}`);
  return "Alice";
}

async function render(day: string, analyst: string): Promise<string> {
  "use task";
  console.log(`rendering ${day}`);
  return `report of ${day} by ${analyst}`;
}

export async function generateReport(day: string): Promise<string> {
  "use workflow: id=report-{day}";
  return render(day, await fetchAnalyst("analyst-1"));
}

const id = "the-weekly-report";

const run = await start(generateReport, ["2024-01-15"], { id });
console.log(`${run.id}: ${await run.result()}`);

const again = await start(generateReport, ["2024-01-15"], { id });
console.log(`${again.id} again: ${await again.result()}`);

// Using the same id for different work is an error.
await start(generateReport, ["2024-02-01"], { id }).catch((error: unknown) => {
  if (!(error instanceof PerdureError)) throw error;
  console.log(`refused: ${error.code}`);
});

const found = await getRun(id);
const runs = await listRuns({ workflow: "generateReport" });
console.log(`${await found.status()}, one of ${runs.length}`);
await close();
