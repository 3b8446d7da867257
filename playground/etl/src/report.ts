import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { percent, shareLate } from "./chart.ts";
import { journal } from "./journal.ts";
import type { Approval, Gist, Profile } from "./model.ts";

export interface Report {
  readonly edition: string;
  readonly flights: number;
  readonly profiles: readonly Profile[];
  readonly gists: readonly Gist[];
  readonly chart: string;
  readonly approval: Approval;
}

/** Writes `report.html` and returns its path. */
export async function writeReport(report: Report, folder: string): Promise<string> {
  "use task";
  return journal(async () => {
    const path = join(folder, "report.html");
    await writeFile(path, page(report));
    return path;
  });
}

const page = ({ edition, flights, profiles, gists, chart, approval }: Report): string => `<!doctype html>
<meta charset="utf-8">
<title>Data digest ${edition}</title>
<h1>Data digest ${edition}</h1>
<p>Approved by ${approval.by}.</p>
<h2>Late departures at the ${profiles.length} busiest airports, from ${flights} flights</h2>
${chart}
<table>
<tr><th>Airport<th>State<th>Flights<th>Late<th>Mean delay<th>Busiest route<th>Farthest of the ten busiest
${profiles.map(line).join("\n")}
</table>
${gists.map(section).join("\n")}
`;

const line = ({ airport, busiestRoute, farthest, kilometers }: Profile): string => {
  const delay = `${(airport.minutes / airport.flights).toFixed(1)} min`;
  const cells = [
    airport.name,
    airport.state,
    airport.flights,
    percent(shareLate(airport)),
    delay,
    busiestRoute,
    `${farthest}, ${kilometers} km`,
  ];
  return `<tr><td>${cells.join("<td>")}`;
};

const section = ({ title, sentences }: Gist): string =>
  `<h2>${title}</h2>\n${sentences.map((sentence) => `<p>${sentence}</p>`).join("\n")}`;
