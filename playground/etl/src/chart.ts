import { journal } from "./journal.ts";
import type { Profile, Tally } from "./model.ts";

const bar = { height: 16, gap: 4, left: 48, width: 420 };

/** Draws a bar for each airport: the share of flights that leave late. */
export async function drawChart(profiles: readonly Profile[]): Promise<string> {
  "use task";
  return journal(() => {
    const longest = Math.max(...profiles.map(({ airport }) => shareLate(airport)));
    const bars = profiles.map(({ airport }, row) => drawBar(airport, row, bar.width / longest));
    const height = profiles.length * (bar.height + bar.gap);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="560" height="${height}" font-family="sans-serif" font-size="12">\n${bars.join("\n")}\n</svg>`;
  });
}

export const shareLate = ({ late, flights }: Tally): number => late / flights;

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function drawBar(airport: Tally, row: number, scale: number): string {
  const y = row * (bar.height + bar.gap);
  const width = shareLate(airport) * scale;
  const baseline = y + bar.height - 4;
  return [
    `  <text x="0" y="${baseline}">${airport.code}</text>`,
    `  <rect x="${bar.left}" y="${y}" width="${width.toFixed(1)}" height="${bar.height}" fill="#3b7dd8"/>`,
    `  <text x="${(bar.left + width + 6).toFixed(1)}" y="${baseline}">${percent(shareLate(airport))}</text>`,
  ].join("\n");
}
