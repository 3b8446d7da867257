/** `npm run test:simulation -- --seeds 100000 [--from 1]` plays many seeds, of the life of runs, or with `--subject` of `flow`, which is queues and schedules, or of `streams`; `--seed 17` one, with everything that happens. */
import { parseArgs } from "node:util";
import { bundle, bundled } from "./bundle.ts";
import type { Subject } from "./simulation.ts";
import { describeProblem, play, summary } from "./play.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    subject: { type: "string", default: "life" },
  },
});

const subject = values.subject as Subject;
const file = bundled("run");
await bundle(file);

if (values.seed === undefined) {
  let played = 0;
  const lines = await play(file, Number(values.from), Number(values.seeds), {
    subject,
    each: (line) => {
      if (line.problems.length > 0) process.stdout.write(`seed ${line.seed}: ${line.problems[0] ?? ""}\n`);
      if (++played % 1000 === 0) process.stdout.write(`${played} seeds\n`);
    },
  });
  const wrong = lines.filter(({ problems }) => problems.length > 0);
  process.stdout.write(`${summary(lines)}\n`);
  if (wrong[0]) process.stdout.write(`${describeProblem(wrong[0])}\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
} else {
  const [line] = await play(file, Number(values.seed), 1, { subject, withLog: true });
  process.stdout.write(`${line?.log?.join("\n") ?? ""}\n${line?.problems.join("\n") ?? ""}\n`);
  process.exitCode = line?.problems.length === 0 ? 0 : 1;
}
