// A report every morning at six in Vienna, once however many processes run this program. It runs until Ctrl+C.
import { schedule, worker } from "perdure";

async function count(region: string): Promise<number> {
  "use task";
  return region.length;
}

async function mail(region: string, sales: number): Promise<void> {
  "use task";
  console.log(`mailing the report of ${region}: ${sales} sales`);
}

export async function report(region: string): Promise<void> {
  "use workflow";
  await mail(region, await count(region));
}

// recorded at each start: the same definition again changes nothing
const nightly = await schedule("nightly", "0 6 * * *", report, ["europe"], {
  timezone: "Europe/Vienna",
  catchUp: "last", // a morning that nobody was there for is made up for, once
  overlap: "skip", // a report that takes longer than a day is not started again
});
worker({ signals: true });
const { next } = await nightly.info();
console.log(`next: ${next?.toISOString()}`);
