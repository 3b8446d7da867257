import { Option } from "commander";
import { complete, getRun, type Run } from "perdure";
import type { Terminal } from "../output/terminal.ts";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT, Failure, failureOf, type ExitCode } from "../session/failure.ts";
import { withStore } from "../session/session.ts";
import { safe } from "../session/values.ts";

/** What became of one run. */
interface Outcome {
  readonly done: boolean;
  readonly message: string;
  /** The code of the error that refused it. */
  readonly code?: string;
  /** Id of the new run. */
  readonly fork?: string;
}

/** The command changes only the store. */
const RESUMED = "a worker will resume it";

/** Does something to each run; the runs after one that is refused are done too. */
async function each(
  runs: readonly string[],
  options: CommonOptions,
  terminal: Terminal,
  act: (run: Run) => Promise<Outcome>,
): Promise<ExitCode> {
  return withStore(options, async () => {
    let code: ExitCode = EXIT.done;
    for (const id of runs) {
      const outcome = await act(await getRun(id)).catch((error: unknown) => refusalOf(error));
      const exit = outcome.done ? EXIT.done : EXIT.no;
      if (exit > code) code = exit;
      print(id, outcome, terminal);
    }
    return code;
  });
}

/** A run that does not exist ends the command. Any other error is printed for its run, and the command continues with the next one. */
function refusalOf(error: unknown): Outcome {
  const failure = failureOf(error);
  if (failure.exitCode !== EXIT.no) throw error;
  return { done: false, message: failure.message, code: failure.code };
}

function print(run: string, outcome: Outcome, terminal: Terminal): void {
  if (terminal.isJson) return terminal.print(JSON.stringify({ run, ...outcome }));
  const { colors, isTerminal } = terminal;
  const mark = outcome.done ? colors.green("✔") : colors.red("✖");
  terminal.print(`${isTerminal ? `${mark} ` : ""}${safe(run)}: ${safe(outcome.message)}`);
}

const answer = (done: boolean, yes: string, no: string): Outcome => ({ done, message: done ? yes : no });

export function addSteering(add: Add): void {
  add<CommonOptions & { readonly force?: boolean }>(
    "retry <run...>",
    "try failed runs again from their failure",
    [new Option("--force", "also a run that has compensated")],
    (runs, options, terminal) =>
      each(runs, options, terminal, async (run) =>
        answer(await run.retry({ force: options.force === true }), `is tried again: ${RESUMED}`, "has not failed"),
      ),
  );
  add("restart <run...>", "begin ended runs again from the top, without their record", [], (runs, options, terminal) =>
    each(runs, options, terminal, async (run) =>
      answer(await run.restart(), `begins again from the top: ${RESUMED}`, "has not ended: cancel it first"),
    ),
  );
  add<CommonOptions & { readonly from: string; readonly id?: string }>(
    "fork <run>",
    "start a new run with the steps that this one finished before a step",
    [
      new Option(
        "--from <step>",
        "id of the finished step that is done again, see: perdure show",
      ).makeOptionMandatory(),
      new Option("--id <id>", "id of the new run (default: that of the run, and a random part)"),
    ],
    (runs, options, terminal) =>
      each(runs, options, terminal, async (run) => {
        const { from, id } = options;
        const fork = await run.fork({ from, ...(id !== undefined && { id }) });
        return { done: true, message: `forked as ${fork.id}: ${RESUMED}`, fork: fork.id };
      }),
  );
  add<CommonOptions & { readonly reason?: string }>(
    "cancel <run...>",
    "cancel runs: their clean-up is done, by a worker",
    [new Option("--reason <text>", "is part of the error that the workflow sees")],
    (runs, options, terminal) =>
      each(runs, options, terminal, async (run) => {
        const done = await run.cancel(options.reason);
        const isOver = done && (await run.status()) === "cancelled";
        return answer(done, isOver ? "is cancelled" : "will be cancelled: a worker does its clean-up", "has ended");
      }),
  );
  add("unblock <run...>", "let blocked runs be tried again under the same code", [], (runs, options, terminal) =>
    each(runs, options, terminal, async (run) =>
      answer(await run.unblock(), `is no longer blocked: ${RESUMED}`, "is not blocked"),
    ),
  );
  add<CommonOptions & { readonly force?: boolean }>(
    "delete <run...>",
    "delete ended runs with their steps and signals",
    [new Option("--force", "also a run that has not ended, unless a process executes it")],
    (runs, options, terminal) =>
      each(runs, options, terminal, async (run) =>
        answer(
          await run.delete({ force: options.force === true }),
          "is deleted",
          options.force === true
            ? "is executed by a process: cancel it first"
            : "has not ended: cancel it, or use --force",
        ),
      ),
  );
  addSignal(add);
}

function addSignal(add: Add): void {
  add<CommonOptions & { readonly early?: boolean }>(
    "signal <run> <name> [payload]",
    'deliver a signal to a run. The payload is JSON, for example true or \'{"by":"ada"}\'',
    [new Option("--early", "also to a run that does not exist yet: it is kept for 30 days")],
    async ([id = "", name = "", text], options, terminal) => {
      const payload = parsePayload(text);
      return withStore(options, async () => {
        if (options.early !== true) await getRun(id);
        const done = await complete(id, name, payload);
        print(id, answer(done, `has the signal ${name}: if it waits for it, ${RESUMED}`, "has ended"), terminal);
        return done ? EXIT.done : EXIT.no;
      });
    },
  );
}

function parsePayload(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(
      EXIT.usage,
      "PAYLOAD_INVALID",
      `the payload ${text} is not JSON\n  → quote text twice: '"${text}"'`,
    );
  }
}
