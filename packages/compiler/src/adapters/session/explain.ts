import { formatLocation } from "@perdure/protocol";
import { isBuiltin } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { CompileError } from "../../compile/compile-error.ts";
import { checkForBrowser } from "../../compile/browser.ts";
import { compile, type CompileResult } from "../../compile/compile.ts";
import { wasCompiled } from "../../compile/lost-directives.ts";
import { createLocator, formatDiagnostic, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS } from "../../directives/directive.ts";
import { idFilter, passes } from "../../files/filter.ts";
import { isInstalled, pathOf, projectPath } from "../../files/paths.ts";
import { nodeHost, type Host } from "../../project/host.ts";
import { createProject, type Followed, type Project } from "../../project/project.ts";
import type { Options } from "./options.ts";

/** Why a file is compiled or not. */
export type ExplanationReason =
  /** It has tasks or workflows, or leads to some. */
  | "compiled"
  /** It has errors, which are in `diagnostics`. */
  | "errors"
  | "not found"
  /** The option `include` does not match it; without the option: it is no script. */
  | "not included"
  /** The option `exclude` matches it. */
  | "excluded"
  | "in node_modules"
  /** It was compiled before, by a package's own build for example. */
  | "compiled before"
  /** It has no directive, and calls nothing durable. */
  | "nothing durable"
  /** Nothing is compiled in a build for browsers. */
  | "browser build";

/** What the plugin makes of a file. */
export interface Explanation {
  /** Relative to the root. */
  readonly file: string;
  readonly compiled: boolean;
  readonly reason: ExplanationReason;
  /** The functions that become durable; helpers lead to tasks or workflows. `location`: `src/orders.ts:12:18` */
  readonly functions: readonly {
    readonly kind: "task" | "workflow" | "helper";
    readonly name: string;
    readonly location: string;
  }[];
  /** The calls that are durable, or may be, and the functions that they lead to. Empty: nothing at build time tells; the call is found when it is made. */
  readonly calls: readonly {
    readonly location: string;
    /** `file`: relative to the root, or `perdure` for its own functions. */
    readonly to: readonly { readonly name: string; readonly file: string }[];
  }[];
  /** The modules that it imports: `file` is the file that was followed, of the project or of a package with durable functions. Others are not followed. */
  readonly imports: readonly {
    readonly specifier: string;
    readonly file?: string;
    readonly as: "project" | "perdure" | "built-in" | "package" | "not found";
  }[];
  readonly diagnostics: readonly Diagnostic[];
  /** All of this for people, in several lines. */
  readonly text: string;
}

export interface ExplainOptions extends Options {
  /** Whether the build is for browsers. @default false */
  readonly forBrowser?: boolean;
  /** Reads files and resolves imports. @default the file system */
  readonly host?: Host;
}

/**
 * Says what the plugin does with a file, and why: whether it is compiled, which functions it finds, where their calls lead, and which imports it cannot follow.
 * @param file - its path; relative to the root if it is not absolute
 * @param options - those that the plugin has in your build
 */
export function explain(file: string, options: ExplainOptions = {}): Explanation {
  const { host = nodeHost } = options;
  const root = options.root ?? process.cwd();
  const path = pathOf(isAbsolute(file) ? file : resolve(root, file));
  const words = { ...DIRECTIVE_WORDS, ...options.directives };
  return explainIn(
    path,
    host.readFile(path),
    createProject(host, words, () => root, options.packages),
    { ...options, host, root },
  );
}

/** The same for a file of a build. @param source - its text; undefined if it cannot be read */
export function explainIn(
  path: string,
  source: string | undefined,
  project: Project,
  options: ExplainOptions & { readonly root: string },
): Explanation {
  const { root, host = nodeHost } = options;
  const refused = source === undefined ? "not found" : refusal(path, options);
  const tried = source === undefined || refused !== undefined ? {} : attempt(path, source, project, options);
  const reason = refused ?? reasonOf(tried, path, source ?? "", options);
  const followed: Followed =
    source === undefined || refused !== undefined ? { imports: new Map(), calls: [] } : project.followed(path);
  const locate = createLocator(source ?? "");
  const place = (at: string): string => (isAbsolute(at) ? projectPath(root, at) : at);
  const explained = {
    file: place(path),
    compiled: reason === "compiled",
    reason,
    functions: (tried.result?.info.functions ?? []).map(({ kind, name, at }) => ({
      kind,
      name,
      location: formatLocation(place(path), at),
    })),
    calls: followed.calls.map(({ start, to }) => ({
      location: formatLocation(place(path), locate(start)),
      to: to.map((each) => ({ name: each.name, file: place(each.file) })),
    })),
    imports: [...followed.imports].map(([specifier, found]) => ({
      specifier,
      ...(found !== undefined && { file: place(found) }),
      as: found === undefined ? kindOf(specifier, path, host) : isInstalled(found) ? "package" : "project",
    })),
    diagnostics: tried.diagnostics ?? tried.result?.diagnostics ?? [],
  };
  return { ...explained, text: textOf(explained) };
}

interface Attempt {
  readonly result?: CompileResult | undefined;
  readonly diagnostics?: readonly Diagnostic[];
}

/** Why the plugin is not even given the file. */
function refusal(path: string, options: ExplainOptions): ExplanationReason | undefined {
  const filter = idFilter(options);
  if (passes(filter, path)) return undefined;
  if (!filter.include.some((each) => each.test(path))) return "not included";
  return options.exclude === undefined && isInstalled(path) ? "in node_modules" : "excluded";
}

function attempt(
  path: string,
  source: string,
  project: Project,
  options: ExplainOptions & { readonly root: string },
): Attempt {
  const { root, directives, warnings, host, forBrowser = false } = options;
  const common = { id: path, root, ...(directives && { directives }) };
  try {
    if (!forBrowser)
      return { result: compile(source, { ...common, project, ...(warnings && { warnings }), ...(host && { host }) }) };
    checkForBrowser(source, { ...common, importers: () => [] });
    return {};
  } catch (error) {
    if (error instanceof CompileError) return { diagnostics: error.diagnostics };
    throw error;
  }
}

function reasonOf(
  { result, diagnostics }: Attempt,
  path: string,
  source: string,
  { forBrowser }: ExplainOptions,
): ExplanationReason {
  if (diagnostics) return "errors";
  if (result) return "compiled";
  if (forBrowser === true) return "browser build";
  return wasCompiled(source, path) ? "compiled before" : "nothing durable";
}

/** What a module is that was not followed. */
function kindOf(specifier: string, importer: string, host: Host): Explanation["imports"][number]["as"] {
  if (isBuiltin(specifier)) return "built-in";
  if (/^perdure(?:\/|$)/.test(specifier)) return "perdure";
  const name = /^(?:@[^/]+\/)?[^/@.][^/]*/.exec(specifier)?.[0];
  for (let folder = dirname(importer); name !== undefined; folder = dirname(folder)) {
    if (host.readFile(join(folder, "node_modules", name, "package.json")) !== undefined) return "package";
    if (folder === dirname(folder)) break;
  }
  return "not found";
}

const why: Readonly<Record<ExplanationReason, string>> = {
  compiled: "compiled",
  errors: "not compiled: it has errors",
  "not found": "not compiled: there is no such file",
  "not included": 'not compiled: the option "include" does not match it (by default, scripts are compiled)',
  excluded: 'not compiled: the option "exclude" matches it',
  "in node_modules":
    'not compiled: it is in node_modules, which "exclude" contains by default (the option "packages" names packages to compile)',
  "compiled before": "left as it is: it has been compiled already",
  "nothing durable": "left as it is: it has no directive, and calls nothing that leads to a task or workflow",
  "browser build": "left as it is: the build is for browsers",
};

function textOf({ file, reason, functions, calls, imports, diagnostics }: Omit<Explanation, "text">): string {
  const lost = imports.filter(({ as }) => as === "not found");
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [`  ${title}:`, ...lines.map((line) => `    ${line}`)];
  return [
    `${file}: ${why[reason]}`,
    ...section(
      "functions",
      functions.map(({ kind, name, location }) => `${kind} ${name} (${location})`),
    ),
    ...section(
      "calls",
      calls.map(({ location, to }) => {
        const targets = to.map((each) => `${each.name} (${each.file})`);
        return `${location} → ${targets.length === 0 ? "not known before it is made" : targets.join(" or ")}`;
      }),
    ),
    ...section(
      "imports that were followed",
      imports.flatMap(({ specifier, file: to }) => (to === undefined ? [] : [`${specifier} → ${to}`])),
    ),
    ...section(
      "imports that could not be followed",
      lost.map(({ specifier }) => `${specifier}: tasks in that module are not found at build time`),
    ),
    ...diagnostics.map(formatDiagnostic),
  ].join("\n");
}
