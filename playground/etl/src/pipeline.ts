import { signal, sleep } from "perdure";
import { aggregate, busiest, merge } from "./aggregate.ts";
import { askForApproval } from "./approval.ts";
import { drawChart } from "./chart.ts";
import { clean } from "./clean.ts";
import { download } from "./download.ts";
import { gist, type GistFile } from "./gist.ts";
import { join } from "./join.ts";
import type { Approval, Tallies } from "./model.ts";
import { chunksOf, parse } from "./parse.ts";
import { profile } from "./profile.ts";
import { writeReport } from "./report.ts";

const gistFiles: readonly GistFile[] = ["movies.json", "cars.json", "seattle-weather.csv", "stocks.csv"];

/** Makes the report of an edition in `folder`. Kill it at any time and call it again: it continues where it was. */
export async function digest(edition: string, folder: string): Promise<string> {
  "use workflow: id=digest-{edition}";

  const [flights, airports, routes] = await Promise.all([
    download("flights-5k.json", folder),
    download("airports.csv", folder),
    download("flights-airport.csv", folder),
  ]);

  // One chunk after another: 100 times four steps, each with its own checkpoint.
  let tallies: Tallies = {};
  for (const chunk of chunksOf(flights, 50)) {
    const parsed = await parse(chunk);
    const cleaned = await clean(parsed);
    const departures = await join(cleaned, airports);
    tallies = merge(tallies, await aggregate(departures));
  }

  // In parallel: 24 branches of three steps, and four downloads that are refused at first.
  const profiles = await Promise.all(busiest(tallies, 24).map((airport) => profile(airport, routes, airports)));
  const gists = await Promise.all(gistFiles.map((file) => gist(file, folder)));

  // A timer and an approval. A run can wait for both without a process.
  await sleep("1s");
  await askForApproval(edition);
  const approval = await signal<Approval>("approval");

  const chart = await drawChart(profiles);
  return writeReport({ edition, flights: flights.rows, profiles, gists, chart, approval }, folder);
}
