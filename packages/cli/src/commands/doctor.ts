import { existsSync } from "node:fs";
import { relative } from "node:path";
import { Option } from "commander";
import type { RunHead, Store } from "perdure";
import { schemaOf, systemOwners } from "perdure/tools";
import type { Terminal } from "../output/terminal.ts";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT, failureOf } from "../session/failure.ts";
import { buildOf } from "../session/manifests.ts";
import { readProject, type ProjectFiles } from "../session/project.ts";
import { fileOf, storeUrl, withStore, type StoreOption } from "../session/session.ts";
import { unfinished } from "../session/unfinished.ts";
import { oneLine, safe } from "@perdure/inspector/show";

/** What is looked at. Users name them with --ignore. */
const CHECKS = [
  "driver",
  "store",
  "schema",
  "plugin",
  "compiled",
  "copies",
  "durability",
  "orphans",
  "blocked",
  "workflows",
] as const;
type Check = (typeof CHECKS)[number];

interface Finding {
  readonly check: Check;
  readonly message: string;
  readonly hint: string;
}

interface DoctorOptions extends CommonOptions {
  readonly ignore?: readonly Check[];
  readonly manifest?: readonly string[];
}

export function addDoctor(add: Add): void {
  add<DoctorOptions>(
    "doctor [path...]",
    "look for what is wrong with the store and the built program in these files and directories (default: dist, build)",
    [
      new Option("--ignore <check...>", "do not look at this").choices(CHECKS),
      new Option(
        "--manifest <file...>",
        "the manifests of all programs that work on the store (default: those in the paths)",
      ),
    ],
    async (given, options, terminal) => {
      const paths = given.length > 0 ? given : ["dist", "build"].filter((path) => existsSync(path));
      const manifests = options.manifest ?? paths.filter((path) => existsSync(`${path}/perdure.manifest.json`));
      const all = [...programFindings(readProject(paths)), ...(await storeFindings(options, manifests))];
      const findings = all.filter(({ check }) => options.ignore?.includes(check) !== true);
      if (terminal.isJson) terminal.json({ ok: findings.length === 0, findings });
      else printFindings(findings, options, terminal);
      return findings.length === 0 ? EXIT.done : EXIT.no;
    },
  );
}

function printFindings(findings: readonly Finding[], { ignore = [] }: DoctorOptions, terminal: Terminal): void {
  const { green, red, dim } = terminal.colors;
  for (const check of CHECKS) {
    const found = findings.filter((finding) => finding.check === check);
    if (found.length === 0) terminal.print(ignore.includes(check) ? dim(`- ${check}`) : `${green("✔")} ${check}`);
    for (const { message, hint } of found)
      terminal.print(`${red("✖")} ${check}: ${safe(message)}\n    ${dim(`→ ${safe(hint)}`)}`);
  }
}

// --- the program

/** A directive as a statement. The compiler removes those that it has compiled. */
const DIRECTIVE = /(?:^|[{;>\s])(["'])use (?:workflow|task)(?::[^"'\n]*)?\1\s*(?:[;}]|$)/mu;
const NORMAL = /\bdurability["']?\s*:\s*["'`]normal["'`]/u;
/** Part of the runtime that every bundle which holds it has. */
const RUNTIME = "perdure/registry@";
const PLUGIN = /\bunplugin-perdure\b|\bperdure-tsc\b/u;

function programFindings({ built, configuration, copies }: ProjectFiles): Finding[] {
  const uncompiled = built.filter(({ text }) => DIRECTIVE.test(text));
  const normal = [...built, ...configuration].filter(({ text }) => NORMAL.test(text));
  const bundled = built.filter(({ text }) => text.includes(RUNTIME));
  const isUsed =
    uncompiled.length > 0 || bundled.length > 0 || built.some(({ text }) => text.includes("perdure/internal"));
  const hasPlugin = configuration.some(({ text }) => PLUGIN.test(text));
  const importers = built.filter(({ text }) => /\bfrom\s*["']perdure["']|\brequire\(["']perdure["']\)/u.test(text));
  const places = [...copies.map((copy) => relative(".", copy)), ...bundled.map(({ path }) => path)];
  const isTwice = copies.length > 1 || bundled.length > 1 || (bundled.length > 0 && importers.length > 0);
  return [
    ...(isUsed && !hasPlugin
      ? [
          finding(
            "plugin",
            "neither package.json nor a configuration of the build names unplugin-perdure",
            "add the plugin to the build, or compile with perdure-tsc",
          ),
        ]
      : []),
    ...uncompiled.map(({ path }) =>
      finding(
        "compiled",
        `${path} has a directive that no compiler has seen: its functions are not durable`,
        "build it with unplugin-perdure, and exclude none of the files with directives",
      ),
    ),
    ...(isTwice
      ? [
          finding(
            "copies",
            `there are several copies of the runtime: ${places.join(", ")}`,
            "install one version (npm dedupe), and keep perdure external in the bundle, or put it into one bundle",
          ),
        ]
      : []),
    ...normal.map(({ path }) =>
      finding(
        "durability",
        `${path} sets durability to normal: the latest commits do not survive a power failure`,
        `use "full", or --ignore durability where that is meant`,
      ),
    ),
  ];
}

const finding = (check: Check, message: string, hint: string): Finding => ({ check, message, hint });

// --- the store

const OF_THE_SCHEMA: ReadonlySet<string> = new Set(["STORE_OLDER", "STORE_NEWER"]);

async function storeFindings(options: StoreOption, manifests: readonly string[]): Promise<Finding[]> {
  const url = storeUrl(options);
  const path = fileOf(url);
  try {
    const schema = path === undefined ? undefined : schemaOf(path);
    if (path !== undefined && !schema)
      return [
        finding(
          "store",
          `there is no file ${path}`,
          "name the store with --store, or in $PERDURE_STORE; the first program that starts a run creates it",
        ),
      ];
    if (schema && schema.isStore && schema.version !== schema.known)
      return [schemaFinding(schema.version, schema.known, url)];
    return await withStore(options, (store) => runFindings(store, manifests));
  } catch (error) {
    const { code, message } = failureOf(error);
    const [first = "", hint = ""] = message.split("\n  → ");
    const check = code.startsWith("SQLITE_") ? "driver" : OF_THE_SCHEMA.has(code) ? "schema" : "store";
    return [finding(check, first, hint === "" ? code : hint)];
  }
}

function schemaFinding(found: number, known: number, url: string): Finding {
  const hint =
    found < known
      ? "perdure migrate, or the first service of this version that opens it, migrates it; older ones then refuse it: stop them before"
      : "install the version of perdure that the services on this store have";
  return finding("schema", `${url} has version ${found} of the schema, this perdure works with ${known}`, hint);
}

async function runFindings(store: Store, manifests: readonly string[]): Promise<Finding[]> {
  const runs = await unfinished(store);
  const now = Date.now();
  const orphans = runs.filter((run) => isOrphan(run, now));
  const blocked = runs.filter((run) => run.blocked);
  const build = manifests.length > 0 ? buildOf(manifests) : undefined;
  const unknown = build ? runs.filter((run) => !build.has(run)) : [];
  const workflows = [...new Set(unknown.map(({ workflow, file }) => `${workflow} (${file})`))];
  return [
    ...(orphans.length > 0
      ? [
          finding(
            "orphans",
            `${named(orphans)}: running, and the process is dead`,
            "start a service that calls recover() or worker(), or: perdure worker FILE",
          ),
        ]
      : []),
    ...blocked.map(({ id, blocked: why }) =>
      finding(
        "blocked",
        `${id} is blocked: ${oneLine(why?.message ?? "")}`,
        `perdure show '${id}'; when the reason has passed: perdure unblock '${id}'`,
      ),
    ),
    ...(workflows.length > 0
      ? [
          finding(
            "workflows",
            `${named(unknown)}: no program has the workflow ${workflows.join(", ")}`,
            "deploy a program that has it, declare a rename, or delete the runs",
          ),
        ]
      : []),
  ];
}

/** The owner is dead; or nobody can know, and its lease has run out. */
function isOrphan({ status, owner, leaseUntil = 0 }: RunHead, now: number): boolean {
  if (status !== "running" || owner === undefined) return false;
  const state = systemOwners.stateOf(owner);
  return state === "dead" || (state === "unknown" && leaseUntil < now);
}

const NAMED = 3;

/** `3 runs (a, b, c)` */
function named(runs: readonly RunHead[]): string {
  const ids = runs.slice(0, NAMED).map(({ id }) => id);
  const more = runs.length > NAMED ? ", …" : "";
  return `${runs.length} ${runs.length === 1 ? "run" : "runs"} (${ids.join(", ")}${more})`;
}
