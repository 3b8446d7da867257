import { Option } from "commander";
import { programClient } from "perdure/tools";
import { getRun, type FailedAttempt, type RunDetails, type RunExecution, type StepInfo } from "perdure";
import { conversationLines, usageText } from "../output/conversation.ts";
import type { Terminal } from "../output/terminal.ts";
import { drawTree, treeOf, type StepNode } from "../output/tree.ts";
import { colored, durationOf, relative, since, statusOf, waitText } from "../output/words.ts";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT } from "../session/failure.ts";
import { readStore } from "../session/session.ts";
import { conversationPage, type ConversationPage } from "@perdure/inspector/conversation";
import { frameOf, headline, safe, sourceFinder, thrownAt, toJson, toText } from "@perdure/inspector/show";

interface ShowOptions extends CommonOptions {
  readonly values?: boolean;
  readonly stack?: boolean;
  readonly conversation?: boolean;
  readonly root?: string;
}

/** All that is printed of a run. */
interface Shown {
  readonly run: RunDetails;
  readonly input: unknown;
  readonly output: unknown;
  readonly executions: readonly RunExecution[];
  readonly steps: readonly StepInfo[];
  /** With `--conversation`. */
  readonly conversation?: ConversationPage;
}

export function addShow(add: Add): void {
  add<ShowOptions>(
    "show <run>",
    "show one run: its steps as a tree, what it waits for, and why it failed",
    [
      new Option("--values", "also print inputs and outputs"),
      new Option("--stack", "also print the stacks of errors"),
      new Option("--conversation", "what an agent and its tools said, in place of the steps"),
      new Option("--root <directory>", "the project's root, for lines of its sources").default(
        ".",
        "the current directory",
      ),
    ],
    async ([id = ""], options, terminal) =>
      readStore(options, async () => {
        const run = await getRun(id);
        const shown = {
          run: await run.info(),
          input: await run.input(),
          output: await run.output(),
          executions: await run.executions(),
          steps: await run.steps(),
          ...(options.conversation === true && { conversation: await conversationPage(programClient(), id) }),
        };
        if (options.json === true) terminal.json(toJson(shown));
        else printRun(shown, options, terminal);
        return EXIT.done;
      }),
  );
}

function printRun(shown: Shown, options: ShowOptions, terminal: Terminal): void {
  const { run, input, output, executions, steps, conversation } = shown;
  const { bold, dim } = terminal.colors;
  const now = new Date();
  const time = timeOf(terminal, now);
  const value = toText;
  const facts: [string, string | undefined][] = [
    ["workflow", `${safe(run.workflow)} ${dim(`(${safe(run.file)})`)}`],
    ["created", `${time(run.createdAt)}${run.endedAt ? `, took ${since(run.createdAt, run.endedAt)}` : ""}`],
    ["tags", run.tags.length > 0 ? safe(run.tags.join(", ")) : undefined],
    ["parent", run.parent === undefined ? undefined : safe(run.parent)],
    ["fork of", run.forkOf === undefined ? undefined : safe(run.forkOf)],
    ["queue", run.queue && queueText(run.queue)],
    ["restarts", run.restarts > 0 ? String(run.restarts) : undefined],
    ["executions", executions.length > 1 ? executionsText(executions) : undefined],
    ["progress", run.progress === undefined ? undefined : value(run.progress)],
    [
      "waits for",
      run.waitingFor.length > 0 ? run.waitingFor.map((wait) => safe(waitText(wait, time))).join("; ") : undefined,
    ],
    ["usage", conversation && conversation.usage.totalTokens > 0 ? usageText(conversation.usage) : undefined],
    ["input", options.values === true ? value(input) : undefined],
    ["output", options.values === true && run.status === "completed" ? value(output) : undefined],
  ];
  terminal.print(`${bold(safe(run.id))}  ${colored(terminal, statusOf(run))}`);
  for (const [name, text] of facts) if (text !== undefined) terminal.print(`${dim(name.padEnd(10))} ${text}`);
  const tree = (): string[] => drawTree(treeOf(steps), (node) => stepLines(node, shown, options, terminal));
  const lines = conversation
    ? conversationLines(run.id, conversation, terminal)
    : steps.length > 0
      ? ["", ...tree()]
      : [];
  for (const line of lines) terminal.print(line);
  printEnd(shown, options, terminal);
}

const queueText = ({ name, key }: NonNullable<RunDetails["queue"]>): string =>
  safe(key === undefined ? name : `${name} (key ${key})`);

function executionsText(executions: readonly RunExecution[]): string {
  const died = executions.filter(({ end }) => end === "died").length;
  return `${executions.length}${died > 0 ? ` (${died} died)` : ""}`;
}

const timeOf =
  ({ isTerminal }: Terminal, now: Date) =>
  (date: Date): string =>
    isTerminal ? relative(date, now) : date.toISOString();

function stepLines({ segment, step }: StepNode, { run }: Shown, options: ShowOptions, terminal: Terminal): string[] {
  const now = new Date();
  const { dim, red, green, cyan } = terminal.colors;
  const name = safe(segment.replace(/^\//u, ""));
  if (!step) return [dim(name)];
  const { state, attempts, kind, target, error, output, input, location } = step;
  const mark = state === "completed" ? green("✔") : state === "failed" ? red("✖") : cyan("…");
  const line = run.waitingFor.find((wait) => wait.kind === "queue" && wait.step === step.id);
  const details = [
    durationOf(step, now),
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
    ...(kind === "child" && target !== undefined ? [`run ${safe(target)}`] : []),
    ...(line ? [`in line of ${safe(line.queue ?? "")}`] : []),
    ...(step.dueAt ? [`due ${timeOf(terminal, now)(step.dueAt)}`] : []),
  ];
  const value = (title: string, what: unknown): string[] => `${title} ${toText(what)}`.split("\n");
  return [
    `${mark} ${name}  ${details.join(", ")}  ${dim(safe(location ?? ""))}`.trimEnd(),
    ...(attempts > 1 ? (step.failedAttempts ?? []) : []).map((each) => dim(attemptText(each))),
    ...(error === undefined ? [] : [red(headline(error)), ...stackOf(error, options)]),
    ...(options.values === true && input !== undefined ? value("input", input) : []),
    ...(options.values === true && "output" in step ? value("output", output) : []),
  ];
}

const attemptText = ({ attempt, startedAt, endedAt, error }: FailedAttempt): string =>
  `attempt ${attempt}  ${since(startedAt, endedAt)}  ${headline(error)}`;

/** Why the run failed or is blocked: where its last failed step was called, and the line of the source that threw, or that called it. */
function printEnd({ run, steps }: Shown, options: ShowOptions, terminal: Terminal): void {
  const { red } = terminal.colors;
  if (run.blocked) terminal.print(`\n${red(safe(run.blocked.message))}`);
  if (run.error === undefined) return;
  terminal.print(`\n${red(headline(run.error))}`);
  const failed = steps.findLast(({ state, error }) => state === "failed" && headline(error) === headline(run.error));
  const call = failed?.location;
  const { root = "." } = options;
  const thrown = thrownAt(run.error, root);
  if (call !== undefined) terminal.print(`  ${safe(failed?.id ?? "")} was called at ${safe(call)}`);
  if (thrown !== undefined) terminal.print(`  thrown at ${safe(thrown)}`);
  const find = sourceFinder({ root });
  const frame = [thrown, call]
    .map((at) => at && frameOf(at, find, terminal.usesColors))
    .find((found) => found !== undefined);
  if (frame !== undefined) terminal.print(frame);
  for (const line of stackOf(run.error, options)) terminal.print(line);
}

const stackOf = (error: unknown, { stack }: ShowOptions): string[] =>
  stack === true && error instanceof Error
    ? safe(error.stack ?? "")
        .split("\n")
        .slice(1)
    : [];
