import { InvalidArgumentError, Option } from "commander";
import type { RunHead, RunRow, Store } from "perdure";
import type { Build, Verdict } from "perdure/tools";
import type { Terminal } from "../output/terminal.ts";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT } from "../session/failure.ts";
import { buildOf } from "../session/manifests.ts";
import { readStore } from "../session/session.ts";
import { UNFINISHED, unfinished } from "../session/unfinished.ts";
import { oneLine, safe } from "@perdure/inspector/show";

interface CheckOptions extends CommonOptions {
  readonly rename?: Readonly<Record<string, string>>;
  readonly acceptLostSteps?: boolean;
  readonly strict?: boolean;
}

interface Checked extends Verdict {
  readonly run: string;
  readonly workflow: string;
  readonly status: string;
}

export function addCheck(add: Add): void {
  add<CheckOptions>(
    "check [manifest...]",
    "tell which unfinished runs a new build would stop, by its manifest",
    [
      new Option(
        "--rename <old=new>",
        "a rename of configure({ renames }) in the new build (can be repeated)",
      ).argParser((text: string, before: Record<string, string> = {}) => {
        const [old = "", now] = text.split("=", 2);
        if (now === undefined) throw new InvalidArgumentError("It is old=new.");
        return { ...before, [old]: now };
      }),
      new Option("--accept-lost-steps", `the new build has configure({ lostSteps: "report" })`),
      new Option("--strict", "exit with 1 also for runs of which the manifest cannot tell whether they would stop"),
    ],
    async (manifests, options, terminal) => {
      const { rename, acceptLostSteps = false } = options;
      const build = buildOf(manifests.length > 0 ? manifests : ["dist"], {
        ...(rename && { renames: rename }),
        ...(acceptLostSteps && { lostSteps: "report" }),
      });
      return readStore(options, async (store) => {
        const verdicts = await check(store, build, terminal);
        const stops = verdicts.filter(({ outcome }) => isStop(outcome, options));
        if (terminal.isJson) terminal.json({ ok: stops.length === 0, runs: verdicts });
        else printVerdicts(verdicts, terminal);
        return stops.length === 0 ? EXIT.done : EXIT.no;
      });
    },
  );
}

const isStop = (outcome: Verdict["outcome"], { strict = false }: CheckOptions): boolean =>
  outcome === "stops" || outcome === "not resumed" || (strict && outcome === "may stop");

async function check(store: Store, build: Build, terminal: Terminal): Promise<Checked[]> {
  const heads = await unfinished(store);
  const codes = new Map<string, string>();
  const bar = terminal.bar(heads.length, "checked");
  const verdicts: Checked[] = [];
  for (const head of heads) {
    const verdict = build.isSame(head) ? SAME : await verdictOn(head, store, build, codes);
    bar.add(1);
    const { id: run, workflow, status } = head;
    if (verdict) verdicts.push({ run, workflow, status, ...verdict });
  }
  bar.end();
  return verdicts;
}

const SAME: Verdict = { outcome: "same", steps: [] };

/** Undefined where the run has ended meanwhile. */
async function verdictOn(
  { id }: RunHead,
  store: Store,
  build: Build,
  codes: Map<string, string>,
): Promise<Verdict | undefined> {
  const run: RunRow | undefined = await store.getRun(id);
  if (!run || UNFINISHED.every((status) => status !== run.status)) return undefined;
  for (const code of build.codesOf(run)) {
    const modules = codes.get(code) ?? (await store.getCode(code));
    if (modules !== undefined) codes.set(code, modules);
  }
  return build.verdictOn(run, await store.steps(id), codes);
}

function printVerdicts(verdicts: readonly Checked[], terminal: Terminal): void {
  const { red, yellow, dim, green } = terminal.colors;
  const told = verdicts.filter(({ outcome }) => outcome !== "same" && outcome !== "continues");
  for (const { run, workflow, outcome, code, reason, steps } of told) {
    const color = outcome === "may stop" ? yellow : red;
    terminal.print(`${color(outcome)}  ${safe(run)}  ${safe(workflow)}  ${code ?? ""}`);
    if (reason !== undefined) terminal.print(`    ${oneLine(reason)}`);
    for (const { id, location } of steps.slice(0, STEPS))
      terminal.print(`    ${safe(id)} ${dim(safe(location ?? ""))}`.trimEnd());
    if (steps.length > STEPS) terminal.print(`    and ${steps.length - STEPS} more`);
  }
  const count = (wanted: Verdict["outcome"]): number => verdicts.filter(({ outcome }) => outcome === wanted).length;
  const bad = (["stops", "may stop", "not resumed"] as const).filter((outcome) => count(outcome) > 0);
  const rest = bad.map((outcome) => `${count(outcome)} ${COUNTED[outcome]}`);
  const summary = `${verdicts.length} unfinished: ${[`${count("same") + count("continues")} continue`, ...rest].join(", ")}`;
  terminal.print(bad.length === 0 ? green(summary) : summary);
  if (bad.length > 0) terminal.print(dim("what to do about each code: docs/code-changes.md"));
}

const STEPS = 5;
const COUNTED = { stops: "would stop", "may stop": "may stop", "not resumed": "would not be resumed" } as const;
