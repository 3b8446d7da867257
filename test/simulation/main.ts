/** Plays the worlds of some seeds, and prints what they came to: one line of JSON for each. `node main.mjs <subject> <seed> <seed> …` or `<from>-<to>` */
import { rejected, simulate, type Subject } from "./simulation.ts";

process.on("unhandledRejection", rejected);

const [subject, ...given] = process.argv.slice(2);

const seeds = given.flatMap((each) => {
  const [from = 0, to = from] = each.split("-").map(Number);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
});

for (const seed of seeds) {
  const { log, ...report } = await simulate(subject as Subject, seed);
  process.stdout.write(
    `${JSON.stringify(report.problems.length > 0 || process.env.SIMULATION_LOG ? { ...report, log } : report)}\n`,
  );
}
