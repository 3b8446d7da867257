import { appendFileSync } from "node:fs";

/** A tool with a side effect: one line in a file for each time that it runs. */
export async function lookUp(city: string) {
  "use task: retries=2";
  appendFileSync(process.env.EFFECTS!, `${city}\n`);
  return `sunny in ${city}`;
}
