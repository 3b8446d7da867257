import { constant, declaring, detached, type At, type Callable, type Traits } from "./context.ts";
import { promise } from "./expressions.ts";
import { statements } from "./statements.ts";
import type { TaskKind } from "./world.ts";

export interface Kind {
  readonly task: boolean;
  /** The directive of a task, in quotes; by default, one is picked at random. */
  readonly directive?: string;
  /** What the body begins with. */
  readonly first?: string;
  /** It writes nothing to the common log. */
  readonly quiet?: boolean;
  readonly async?: boolean;
  readonly generator?: boolean;
  /** It has no `this` and no `arguments` of its own. */
  readonly arrow?: boolean;
  /** The body of the workflow. */
  readonly main?: boolean;
  /** Tasks that one call may run. */
  readonly budget?: number;
  /** Whether it can fail; by default, that is left open. */
  readonly safe?: boolean;
  /** What can only be called from here: methods of `this`. */
  readonly also?: readonly Callable[];
}

export type Body = { readonly text: string } & Traits;

export interface Params {
  readonly text: string;
  readonly names: readonly string[];
  /** It throws for `null`. */
  readonly picky?: boolean;
  /** The parameter for the label of the call. */
  readonly path?: string;
}

/** Parameters that take any arguments; with the label first, where calls have labels. */
export function params(at: At, task = false, self = false): Params {
  const list = at.path === undefined ? anyParams(at) : labelledParams(at, task);
  return self && at.c.chance(20) ? { ...list, text: `this: any, ${list.text}` } : list;
}

function anyParams({ c, unique, style, path }: At): Params {
  const [a, b, d] = [unique("p"), unique("p"), unique("p")];
  const picky = { text: `{ k: ${a}, l: ${b} = ${a} }: any = {}, ${d}: any = () => 1`, names: [a, b], picky: true };
  return c.weighted<Params>([
    [5, { text: `${a}: any`, names: [a] }],
    [1, { text: `${a}: any = 1`, names: [a] }],
    [1, { text: `${a}?: any, ${b}: any = ${a}`, names: [a, b] }],
    [1, { text: `${a}: any, ...${b}: any[]`, names: [a, b] }],
    [path === undefined ? 1 : 0, picky],
    [1, { text: `...[${a}, ${b} = 2, ...${d}]: any[]`, names: [a, b, d] }],
    [1, { text: `${a}: any,${style.comments ? " // first" : ""}\n${b}?: any,`, names: [a, b] }],
  ]);
}

/** A task takes all its arguments, since what it comes to depends on them. */
function labelledParams(at: At, task: boolean): Params {
  const { c, unique } = at;
  const path = unique("path");
  if (!task) {
    const { text, names } = anyParams(at);
    return { text: `${path}: any, ${text}`, names, path };
  }
  const rest = unique("p");
  const text = c.pick([
    `${path}: any, ...${rest}: any[]`,
    `...[${path}, ...${rest}]: any[]`,
    `${path}: any,\n...${rest}: any[]`,
  ]);
  return { text, names: [rest], path };
}

/** The block of a function, with what it is. */
export function functionBody(at: At, kind: Kind, given: Params, label: string): Body {
  const { c, style } = at;
  const all = kind.budget ?? (kind.main ? 24 : kind.task ? 4 : 6);
  const budget = { left: all, fails: false };
  const safe = kind.safe ?? c.chance(40);
  const inside = { ...insideOf(at, kind, given), budget };
  const directives = kind.task ? tasks(at, kind) : undefined;
  const main =
    directives && given.path !== undefined
      ? labelledTask(at, directives.kind, given)
      : kind.task && c.chance(60)
        ? simpleTask(inside, label, given.names, safe)
        : collecting(inside, kind, label, safe);
  const again = given.names.length > 0 && c.chance(10) ? `${style.newline}var ${given.names[0] ?? ""}: any;` : "";
  const text = `{ ${opening(at, kind, directives?.text ?? "", given, label)}${again}${style.newline}${main}${style.newline}}`;
  return {
    text,
    cost: 1 + all - budget.left,
    fails: at.path === undefined ? !safe || given.picky === true : budget.fails || directives?.fails === true,
    logs: !inside.quiet,
    task: kind.task,
  };
}

function insideOf(at: At, kind: Kind, { names, path = at.path }: Params): At {
  const arrow = kind.arrow === true;
  const { callables } = arrow ? at : detached(at);
  const always = kind.task || kind.quiet === true || at.quiet || kind.async === false;
  const quiet = always || at.c.chance(at.path === undefined ? 50 : 15);
  const inside: At = {
    ...(quiet && at.path !== undefined ? constant(at) : at),
    path,
    quiet,
    times: 1,
    depth: Math.min(at.depth, kind.task ? 2 : 3),
    async: kind.async !== false,
    generator: kind.generator === true,
    out: at.unique("out"),
    task: at.task || kind.task,
    sleeps: at.sleeps && !kind.task,
    guarded: false,
    jumps: [],
    returns: true,
    ownArguments: arrow ? at.ownArguments : true,
    callables: [...callables, ...(kind.also ?? [])],
    ...(quiet && { variables: [] }),
  };
  return declaring(inside, names);
}

// --- tasks

interface Task {
  readonly kind: TaskKind;
  readonly text: string;
  readonly fails: boolean;
}

function tasks({ c, path }: At, { directive }: Kind): Task {
  const once = directive ?? c.pick([`"use task: retries=0"`, `'use task: retries=0'`]);
  const ok = { kind: "ok", text: once, fails: false } as const;
  if (path === undefined || directive !== undefined) return ok;
  return c.weighted<Task>([
    [5, ok],
    [1, { kind: "flaky", text: `"use task: retries=3, backoff=constant(4ms)"`, fails: false }],
    [1, { kind: "flaky", text: `"use task: backoff=exponential(base=2, max=6ms)"`, fails: false }],
    [2, { kind: "fails", text: `"use task: retries=1, backoff=linear(start=3ms, step=2ms)"`, fails: true }],
    [1, { kind: "fatal", text: `"use task"`, fails: true }],
  ]);
}

/** What the world says that it comes to, which may depend on what the task captures. */
function labelledTask(at: At, kind: TaskKind, { names: [rest = "[]"], path = "" }: Params): string {
  const { c } = at;
  const { values } = constant(at);
  const captured = values.length > 0 && c.chance(40) ? `, ${c.pick(values)}` : "";
  const work = `work("${kind}", ${path}, ${rest}${captured})`;
  return c.pick([
    `return ${work}`,
    `return await ${work}`,
    `const { result } = { result: await ${work} };\nreturn result`,
  ]);
}

function opening(
  { style, path }: At,
  { task, first = "" }: Kind,
  directive: string,
  { names }: Params,
  label: string,
): string {
  const said = task && path === undefined ? `seen(${[JSON.stringify(label), ...names].join(", ")});` : "";
  return `${first}${directive}${directive === "" ? "" : `;${style.newline}`}${said}`;
}

const collecting = (at: At, kind: Kind, label: string, safe: boolean): string =>
  `const ${at.out}: any[] = [${at.c.chance(30) ? JSON.stringify(label) : ""}]${at.style.semicolons ? ";" : ""}${at.style.newline}${guarded(at, kind, safe)}${at.style.newline}return done(${at.out})`;

function guarded(at: At, kind: Kind, safe: boolean): string {
  const text = inOrder({ ...at, guarded: at.guarded || safe }, kind);
  return safe ? `try { ${text}${at.style.newline}} catch (problem) { ${at.out}.push(show(problem)) }` : text;
}

/**
 * A function that may run beside others waits for a step first: then the order of what it does to what they share follows from the order in which steps end,
 * not from the number of microtasks that a function takes.
 */
function inOrder(at: At, { main = false, async = true }: Kind): string {
  const least = main ? 4 : 1;
  if (at.path === undefined || main || !async) return statements(at, 4, least);
  const name = at.unique("v");
  const first = `const ${name} = await ${promise(at)};`;
  const logged = !at.quiet && at.c.chance(50) ? `log(${name});${at.style.newline}` : "";
  return `${first}${at.style.newline}${logged}${statements(declaring(at, [name]), 3, 0)}`;
}

function simpleTask({ c, style }: At, label: string, given: readonly string[], safe: boolean): string {
  const all = [JSON.stringify(label), ...given].join(", ");
  const failing = safe
    ? ""
    : `if (mix(${all}) % 4 === 0) throw ${c.pick([`new Error("no " + mix(${all}))`, `new Fault(${all})`, `Object.assign(new TypeError("own"), { code: 7 })`])};${style.newline}`;
  return `${failing}return ${c.pick([`mix(${all})`, `give(${all})`, `[${all}]`, "undefined"])}`;
}
