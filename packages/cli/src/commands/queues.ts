import { limitsText, safe, toJson } from "@perdure/inspector/show";
import { queues, type QueueInfo, type QueueKeyInfo } from "perdure";
import { programClient } from "perdure/tools";
import type { Add, CommonOptions } from "../command.ts";
import type { Terminal } from "../output/terminal.ts";
import { relative } from "../output/words.ts";
import { EXIT, type ExitCode } from "../session/failure.ts";
import { readStore } from "../session/session.ts";
import { wholeNumber } from "./options.ts";

interface QueuesOptions extends CommonOptions {
  readonly limit?: number;
}

export function addQueues(add: Add): void {
  add<QueuesOptions>(
    "queues [name]",
    "list queues: their limits, what runs and what stands in line; or one queue, by key",
    [wholeNumber("--limit <count>", "of one queue, at most so many keys").default(100)],
    async ([name], options, terminal) =>
      readStore(options, () => (name === undefined ? list(terminal) : show(name, options, terminal))),
  );
}

async function list(terminal: Terminal): Promise<ExitCode> {
  const all = await queues();
  if (terminal.isJson) {
    terminal.json(toJson(all));
    return EXIT.done;
  }
  terminal.table(
    ["QUEUE", "LIMITS", "RUNNING", "WAITING", "OLDEST"],
    all.map((queue) => [safe(queue.name), limitsText(queue), ...countsOf(queue, terminal)]),
  );
  if (all.length === 0 && terminal.isTerminal) terminal.print("no queues");
  return EXIT.done;
}

/** @throws PerdureError `QUEUE_NOT_FOUND` */
async function show(name: string, { limit = 100 }: QueuesOptions, terminal: Terminal): Promise<ExitCode> {
  const queue = programClient().queue(name);
  const info = await queue.info();
  const keys = await queue.keys({ limit });
  if (terminal.isJson) {
    terminal.json(toJson({ ...info, keys }));
    return EXIT.done;
  }
  const { bold, dim } = terminal.colors;
  const [running = "", waiting = "", oldest = ""] = countsOf(info, terminal);
  const facts = [
    ["limits", limitsText(info)],
    ["running", running],
    ["waiting", oldest === "" ? waiting : `${waiting}, the oldest came ${oldest}`],
  ] as const;
  terminal.print(bold(safe(info.name)));
  for (const [title, text] of facts) terminal.print(`${dim(title.padEnd(10))} ${text}`);
  if (keys.length === 0) return EXIT.done;
  terminal.print("");
  const rows = keys.map((key) => [key.key === "" ? "(none)" : safe(key.key), ...countsOf(key, terminal)]);
  terminal.table(["KEY", "RUNNING", "WAITING", "OLDEST"], rows);
  if (terminal.isTerminal && keys.length === limit) terminal.print(dim("further keys: --limit"));
  return EXIT.done;
}

/** Running, waiting, and when the oldest of these came. */
function countsOf({ running, waiting, oldest }: QueueInfo | QueueKeyInfo, { isTerminal }: Terminal): string[] {
  const came = oldest === undefined ? "" : isTerminal ? relative(oldest) : oldest.toISOString();
  return [String(running), String(waiting), came];
}
