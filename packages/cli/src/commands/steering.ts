import { Option } from "commander";
import { actions, type ActionAnswer, type ActionBody, type ActionName } from "@perdure/inspector/actions";
import { programClient } from "perdure/tools";
import type { Terminal } from "../output/terminal.ts";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT, Failure, failureOf, type ExitCode } from "../session/failure.ts";
import { withStore } from "../session/session.ts";
import { safe } from "@perdure/inspector/show";

/** What became of one run. */
interface Outcome extends ActionAnswer {
  /** The code of the error that refused it. */
  readonly code?: string;
}

/** Does something to each run; the runs after one that is refused are done too. The command changes only the store. */
const each =
  <O extends CommonOptions>(action: ActionName, body: (options: O) => Omit<ActionBody, "run"> = () => ({})) =>
  (runs: readonly string[], options: O, terminal: Terminal): Promise<ExitCode> =>
    withStore(options, async () => {
      let code: ExitCode = EXIT.done;
      for (const run of runs) {
        const acted = actions[action](programClient(), { run, ...body(options) });
        const outcome = await acted.catch((error: unknown) => refusalOf(error));
        const exit = outcome.done ? EXIT.done : EXIT.no;
        if (exit > code) code = exit;
        print(run, outcome, terminal);
      }
      return code;
    });

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

export function addSteering(add: Add): void {
  add<CommonOptions & { readonly force?: boolean }>(
    "retry <run...>",
    "try failed runs again from their failure",
    [new Option("--force", "also a run that has compensated")],
    each("retry", ({ force = false }) => ({ force })),
  );
  add("restart <run...>", "begin ended runs again from the top, without their record", [], each("restart"));
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
    each("fork", ({ from, id }) => ({ from, ...(id !== undefined && { id }) })),
  );
  add<CommonOptions & { readonly reason?: string }>(
    "cancel <run...>",
    "cancel runs: their clean-up is done, by a worker",
    [new Option("--reason <text>", "is part of the error that the workflow sees")],
    each("cancel", ({ reason }) => (reason === undefined ? {} : { reason })),
  );
  add("unblock <run...>", "let blocked runs be tried again under the same code", [], each("unblock"));
  add<CommonOptions & { readonly force?: boolean }>(
    "delete <run...>",
    "delete ended runs with their steps and signals",
    [new Option("--force", "also a run that has not ended, unless a process executes it")],
    each("delete", ({ force = false }) => ({ force })),
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
      return each("signal", ({ early = false }: typeof options) => ({ name, payload, early }))([id], options, terminal);
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
