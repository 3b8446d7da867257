import { join, relative } from "node:path";
import { runJob } from "./job.ts";
import { examine, recordOf, sameReport, violations, type Death } from "./proof.ts";
import { randomFrom } from "./random.ts";
import { begins, readJournal } from "./read-journal.ts";
import { table } from "./table.ts";
import { freshWorkplace, type Workplace } from "./workplace.ts";

const kills = 3;

const say = (what: string, rest: string): void => console.log(`${what.padEnd(13)} ${rest}`);

/** Makes the report once without interruption and once with a few SIGKILLs, and compares them. Returns whether everything is as expected. */
export async function launch(home: string): Promise<boolean> {
  const program = join(home, "build/job.mjs");
  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
  console.log(`\nAn ETL job over real data: first undisturbed, then with ${kills} SIGKILLs at random steps.\n`);

  const undisturbed = freshWorkplace(join(home, "undisturbed"));
  const { pid } = await runJob({ program, workplace: undisturbed });
  const executions = begins(readJournal(undisturbed.journal)).length;
  say("undisturbed", `pid ${pid} made the report with ${executions} task executions\n`);

  say("seed", `${seed}, for kills at about the same steps: SEED=${seed} npm start`);
  const killed = freshWorkplace(join(home, "killed"));
  const deaths = await runWithKills(program, killed, killPoints(executions, randomFrom(seed)));
  return judge(undisturbed, killed, deaths);
}

/** Numbers of executions after which to kill, in ascending order. None is at the very end. */
function killPoints(executions: number, random: () => number): number[] {
  const points = new Set<number>();
  while (points.size < kills) points.add(1 + Math.floor(random() * executions * 0.9));
  return [...points].sort((a, b) => a - b);
}

async function runWithKills(program: string, workplace: Workplace, points: readonly number[]): Promise<Death[]> {
  const deaths: Death[] = [];
  const onStart = (pid: number): void => say(deaths.length === 0 ? "started" : "resumed", `as pid ${pid}`);
  for (const [index, point] of points.entries()) {
    const killAfter = point - (points[index - 1] ?? 0);
    const { pid, killed } = await runJob({ program, workplace, killAfter, onStart });
    if (!killed) throw new Error(`process ${pid} came to its end before it could be killed`);
    const death = await examine(workplace, pid);
    const { executions, lastStep, finished } = death;
    say(
      `kill ${index + 1} of ${points.length}`,
      `pid ${pid} in execution ${executions}, ${lastStep}; ${finished.size} finished steps are in the store`,
    );
    deaths.push(death);
  }
  const { pid } = await runJob({ program, workplace, onStart });
  say("finished", `pid ${pid} made the report\n`);
  return deaths;
}

async function judge(undisturbed: Workplace, killed: Workplace, deaths: readonly Death[]): Promise<boolean> {
  console.log(table(readJournal(killed.journal)));
  const wrong = [...violations(await recordOf(undisturbed), []), ...violations(await recordOf(killed), deaths)];
  if (!sameReport(undisturbed, killed)) wrong.push("the report differs from that of the undisturbed job");
  if (wrong.length > 0) {
    console.error(`\nWRONG:\n${wrong.map((line) => `  ✗ ${line}`).join("\n")}\n`);
    return false;
  }
  console.log("\n✓ no finished task ran again");
  console.log(`✓ the report equals that of the undisturbed job: ${relative(process.cwd(), killed.report)}\n`);
  return true;
}
