import { begins, type Entry } from "./read-journal.ts";

const columns = ["task", "calls", "executions", "failed attempts", "lost in a kill", "replays"] as const;

/**
 * One line per task. An execution was recorded, or failed, or was interrupted by a kill before its checkpoint. A replay returns a checkpoint
 * without an execution.
 */
export function table(entries: readonly Entry[]): string {
  const tasks = [...new Set(begins(entries).map(({ task }) => task))];
  const lines = tasks.map((task) =>
    line(
      task,
      entries.filter((entry) => entry.task === task),
    ),
  );
  const total = ["all", ...columns.slice(1).map((_, column) => sum(lines.map((cells) => Number(cells[column + 1]))))];
  return [columns, ...lines, total].map((cells) => cells.map(pad).join("")).join("\n");
}

function line(task: string, entries: readonly Entry[]): (string | number)[] {
  const calls = new Set(entries.map(({ step }) => step)).size;
  const executions = count(entries, "begin");
  const failed = count(entries, "failed");
  return [task, calls, executions, failed, executions - failed - calls, count(entries, "replayed")];
}

const count = (entries: readonly Entry[], event: string): number =>
  entries.filter((entry) => entry.event === event).length;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const pad = (cell: string | number, column: number): string =>
  column === 0 ? String(cell).padEnd(18) : String(cell).padStart(17);
