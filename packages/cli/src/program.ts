import { createRequire } from "node:module";
import tab from "@bomb.sh/tab/commander";
import { Command, type CommanderError } from "commander";
import { addCheck } from "./commands/check.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addExecute } from "./commands/execute.ts";
import { addQueues } from "./commands/queues.ts";
import { addRuns } from "./commands/runs.ts";
import { addShow } from "./commands/show.ts";
import { addSchedules } from "./commands/schedules.ts";
import { addSteering } from "./commands/steering.ts";
import { addTail } from "./commands/tail.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addInspect } from "./commands/inspect.ts";
import { addPrune } from "./commands/prune.ts";
import { addTransfer } from "./commands/transfer.ts";
import { Terminal } from "./output/terminal.ts";
import { EXIT, failureOf, type ExitCode } from "./session/failure.ts";
import type { Add, CommonOptions } from "./command.ts";

const EXITS = `
Exit codes:
  0  done
  1  the answer is no: an action was refused, a check found something, a run failed
  2  the command was called wrongly
  3  the store, run, queue or schedule does not exist, or cannot be opened`;

export function createProgram(): Command {
  const program = new Command("perdure")
    .description("See and steer the runs in a store.")
    .version(versionOf(), "--version", "print the version")
    .option(
      "--store <url>",
      "the store, for example sqlite:path/to/file.db (default: $PERDURE_STORE, or sqlite:perdure.db)",
    )
    .option("--json", "print JSON")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage))
    .addHelpText("after", EXITS);
  const add: Add = (usage, description, options, action) => {
    const command = program.command(usage).description(description).copyInheritedSettings(program);
    for (const option of options) command.addOption(option);
    command.action(async () => {
      const given: Parameters<typeof action>[1] = command.optsWithGlobals();
      const code = await ended(given, (terminal) => action(command.args, given, terminal));
      if (code !== EXIT.done) process.exitCode = code; // a program that was run may have set its own
    });
  };
  for (const addTo of [
    addRuns,
    addShow,
    addQueues,
    addTail,
    addSteering,
    addSchedules,
    addPrune,
    addMigrate,
    addExecute,
    addCheck,
    addDoctor,
    addInspect,
    addTransfer,
  ])
    addTo(add);
  tab(program);
  return program;
}

function versionOf(): string {
  const { version }: { version: string } = createRequire(import.meta.url)("perdure/package.json");
  return version;
}

/** The exit code of the work. A failure is printed to standard error. */
async function ended(
  { json = false }: CommonOptions,
  work: (terminal: Terminal) => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await work(new Terminal({ isJson: json }));
  } catch (error) {
    const { code, message, exitCode } = failureOf(error);
    process.stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `perdure: ${message}\n`);
    return exitCode;
  }
}
