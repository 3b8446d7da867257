/** `npm run test:frameworks` plays every project of this folder, `npm run test:frameworks -- hono sveltekit` those of these names. */
import { failuresOf, play, tableOf, type Played } from "./harness.ts";
import { packedPackages } from "./project.ts";
import { rows } from "./rows.ts";

const names = process.argv.slice(2);
const unknown = names.filter((name) => !rows.some((row) => row.name === name));
if (unknown.length > 0)
  throw new Error(`no project is called ${unknown.join(", ")}. There are: ${rows.map(({ name }) => name).join(", ")}`);

const packages = packedPackages();
const played: Played[] = [];
for (const row of rows.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const result = await play(row, packages);
  played.push(result);
  const failures = failuresOf([result]);
  process.stdout.write(
    `${row.title}: ${failures.length === 0 ? "ok" : failures.join("\n")} (${result.seconds.toFixed(0)} s)\n`,
  );
}
process.stdout.write(`\n${tableOf(played)}\n`);
process.exitCode = failuresOf(played).length === 0 ? 0 : 1;
