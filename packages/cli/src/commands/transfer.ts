import { readFileSync, writeFileSync } from "node:fs";
import { Option } from "commander";
import type { RunRow, Store } from "perdure";
import { allRuns, Build } from "perdure/tools";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT, Failure, type ExitCode } from "../session/failure.ts";
import { parseReport, record, reportedRun, type Redaction, type Report, type ReportedRun } from "../session/report.ts";
import { readStore, withStore } from "../session/session.ts";
import { safe } from "@perdure/inspector/show";

interface ExportOptions extends CommonOptions {
  readonly output?: string;
  readonly redact?: Redaction;
  readonly children: boolean;
}

export function addTransfer(add: Add): void {
  add<ExportOptions>(
    "export <run...>",
    "write runs with their steps, signals, code versions and children as JSON, for a bug report",
    [
      new Option("-o, --output <file>", "the file (default: standard output)"),
      new Option("--redact <what>", "without values: all of them, or all but errors").choices(["values", "all"]),
      new Option("--no-children", "without the runs that these runs called"),
    ],
    async (ids, options, terminal) =>
      readStore(options, async (store) => {
        const report = await reportOf(store, await rowsOf(store, ids, options.children), options.redact);
        const text = `${JSON.stringify(report, undefined, 1)}\n`;
        if (options.output === undefined) process.stdout.write(text);
        else {
          writeFileSync(options.output, text, { mode: 0o600 });
          const written = { file: options.output, runs: report.runs.length };
          if (terminal.isJson) terminal.json(written);
          else terminal.print(`${written.runs} runs are in ${written.file}`);
        }
        return EXIT.done;
      }),
  );
  add<CommonOptions>(
    "import <file>",
    "record the runs of an exported file. One that has not ended may be resumed by a worker of the store",
    [],
    async ([file = ""], options, terminal) => {
      const report = parseReport(contentsOf(file), file);
      return withStore(
        options,
        async (store) => {
          const bar = terminal.bar(report.runs.length, "imported");
          const refused: string[] = [];
          for (const each of report.runs) {
            if (!(await record(store, each, codesOf(each, report)))) refused.push(each.run.id);
            bar.add(1);
          }
          bar.end();
          const imported = report.runs.length - refused.length;
          if (terminal.isJson) terminal.json({ imported, existing: refused });
          else {
            terminal.print(`imported ${imported} runs`);
            for (const id of refused) terminal.print(`${safe(id)}: a run with this id exists`);
          }
          return (refused.length === 0 ? EXIT.done : EXIT.no) satisfies ExitCode;
        },
        { create: true },
      );
    },
  );
}

function contentsOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new Failure(EXIT.missing, "FILE_MISSING", `${file} cannot be read`);
  }
}

/** The runs, each before its children. */
async function rowsOf(store: Store, ids: readonly string[], withChildren: boolean): Promise<RunRow[]> {
  const rows = new Map<string, RunRow>();
  const wanted = [...ids];
  for (const id of wanted) {
    if (rows.has(id)) continue;
    const row = await store.getRun(id);
    if (!row) throw new Failure(EXIT.missing, "RUN_NOT_FOUND", `there is no run ${id}\n  → perdure runs lists them`);
    rows.set(id, row);
    if (withChildren) wanted.push(...(await childrenOf(store, id)));
  }
  return [...rows.values()];
}

async function childrenOf(store: Store, parent: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of allRuns(store, { parent })) ids.push(id);
  return ids;
}

async function reportOf(store: Store, rows: readonly RunRow[], redaction: Redaction | undefined): Promise<Report> {
  const runs: ReportedRun[] = [];
  const codes: Record<string, string> = {};
  for (const row of rows) {
    runs.push(await reportedRun(store, row, redaction));
    for (const code of codeVersions(row)) codes[code] ??= (await store.getCode(code)) ?? EMPTY;
  }
  return { perdure: 1, runs, codes };
}

const EMPTY = `{"version":1,"modules":[]}`;
const versions = new Build(JSON.parse(EMPTY), "no build");
const codeVersions = (run: Pick<RunRow, "code" | "codeHistory">): string[] => versions.codesOf(run);

/** The code versions of one run, its present one last. */
const codesOf = ({ run }: ReportedRun, { codes }: Report): Report["codes"] =>
  Object.fromEntries(codeVersions(run).map((code) => [code, codes[code] ?? EMPTY]));
