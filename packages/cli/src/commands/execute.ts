import { InvalidArgumentError, Option } from "commander";
import { workflowNameOf, workflowNames } from "perdure/tools";
import type { Terminal } from "../output/terminal.ts";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT, Failure, type ExitCode } from "../session/failure.ts";
import { loadProgram, type Perdure } from "../session/program.ts";
import { headline, safe, toJson, toText } from "@perdure/inspector/show";
import { repeated, wholeNumber } from "./options.ts";

const register = new Option(
  "--register",
  "compile JavaScript as it is loaded, with unplugin-perdure/register; TypeScript always is",
);

interface RunOptions extends CommonOptions {
  readonly args?: unknown[];
  readonly id?: string;
  readonly tag?: readonly string[];
  readonly register?: boolean;
}

interface WorkerOptions extends CommonOptions {
  readonly concurrency: number;
  readonly workflow?: readonly string[];
  readonly register?: boolean;
}

export function addExecute(add: Add): void {
  add<RunOptions>(
    "run <file> [workflow]",
    "load a program, start a workflow that it exports (or attach to the run with its id), and wait for the result",
    [
      new Option("--args <json>", "the arguments, as a JSON array").argParser(parseArguments),
      new Option("--id <id>", "id of the run (default: that of the workflow)"),
      repeated("--tag <tag>", "a tag of the new run"),
      register,
    ],
    async ([file = "", name], options, terminal) => {
      useStore(options);
      const { perdure, modules } = await loadProgram([file], { ...options, needsWorkflows: name !== undefined });
      const workflow = pick(modules[0] ?? {}, name, file);
      if (workflow === undefined) return EXIT.done; // the file is a whole program, and has run
      const { args = [], id, tag } = options;
      closeOnSignals(perdure);
      try {
        const run = await perdure.start(workflow, args, { ...(id !== undefined && { id }), ...(tag && { tags: tag }) });
        return await finish(run.id, run.result(), terminal);
      } finally {
        await perdure.close();
      }
    },
  );
  add<WorkerOptions>(
    "worker <file...>",
    "load programs and resume their runs, until SIGINT or SIGTERM",
    [
      wholeNumber("--concurrency <count>", "runs that execute at the same time").default(10),
      repeated("--workflow <name>", "only runs of this workflow"),
      register,
    ],
    async (files, options, terminal) => {
      useStore(options);
      const { perdure } = await loadProgram(files, { ...options, needsWorkflows: true });
      const { concurrency, workflow } = options;
      const unknown = workflow?.filter((name) => !workflowNames().includes(name)) ?? [];
      if (unknown.length > 0) throw noWorkflow(unknown.join(", "), files.join(", "), workflowNames());
      perdure.worker({ concurrency, ...(workflow && { workflows: workflow }) });
      const names = [...(workflow ?? workflowNames())].sort();
      if (terminal.isJson) terminal.print(JSON.stringify({ worker: process.pid, workflows: names }));
      else process.stderr.write(`worker ${process.pid} resumes runs of ${names.join(", ")}\n`);
      await closed(perdure);
      return EXIT.done;
    },
  );
}

/** `configure` of the program goes before it, where it names a store. */
function useStore({ store }: CommonOptions): void {
  if (store !== undefined) process.env["PERDURE_STORE"] = store;
}

type Workflow = (...args: unknown[]) => Promise<unknown>;

/** The exported workflow of that name, or the only one. Undefined: nothing was asked for, and the file exports none. */
function pick(module: Readonly<Record<string, unknown>>, name: string | undefined, file: string): Workflow | undefined {
  const found = new Map<string, Workflow>();
  for (const [exported, value] of Object.entries(module)) {
    const own = typeof value === "function" ? workflowNameOf(value as Workflow) : undefined;
    if (own !== undefined) found.set(name === exported ? exported : own, value as Workflow);
  }
  if (name === undefined && found.size === 0) return undefined;
  const [only] = found.keys();
  const workflow = name !== undefined ? found.get(name) : found.size === 1 ? found.get(only ?? "") : undefined;
  if (workflow) return workflow;
  if (name !== undefined) throw noWorkflow(name, file, [...found.keys()]);
  throw new Failure(
    EXIT.usage,
    "WORKFLOW_MISSING",
    `${file} exports several workflows\n  → name one: ${[...found.keys()].join(", ")}`,
  );
}

const noWorkflow = (name: string, file: string, known: readonly string[]): Failure =>
  new Failure(
    EXIT.usage,
    "WORKFLOW_MISSING",
    `${file} has no workflow ${name}\n  → it has ${known.join(", ") || "none"}`,
  );

async function finish(run: string, result: Promise<unknown>, terminal: Terminal): Promise<ExitCode> {
  try {
    const value = await result;
    if (terminal.isJson) terminal.json({ run, status: "completed", output: toJson(value) });
    else terminal.print(toText(value));
    return EXIT.done;
  } catch (error) {
    if (terminal.isJson) terminal.json({ run, status: "failed", error: toJson(error) });
    else process.stderr.write(`${safe(run)}: ${headline(error)}\n  → perdure show '${safe(run)}'\n`);
    return EXIT.no;
  }
}

/** Ends the process after it has given its runs back. */
function closeOnSignals(perdure: Perdure): void {
  for (const [signal, number] of SIGNALS)
    process.once(signal, () => void perdure.close().finally(() => process.exit(128 + number)));
}

const SIGNALS = [
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const;

/** Resolves when a signal has ended the worker. */
const closed = (perdure: Perdure): Promise<void> =>
  new Promise((resolve, reject) => {
    const open = setInterval(() => {}, 1 << 30);
    const end = (): void => {
      clearInterval(open);
      perdure.close().then(resolve, reject);
    };
    for (const [signal] of SIGNALS) process.once(signal, end);
  });

function parseArguments(text: string): unknown[] {
  const value = ((): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  })();
  if (Array.isArray(value)) return value as unknown[];
  throw new InvalidArgumentError(`It is a JSON array such as '["a", 1]'.`);
}
