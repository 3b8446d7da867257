import fc from "fast-check";
import { Choices, choices } from "./choices.ts";
import { free, type At, type Callable, type Style } from "./context.ts";
import { functionBody, params, type Body, type Kind } from "./functions.ts";
import type { Declaration } from "./declaration.ts";
import { moduleLevel } from "./modules.ts";

/** A program of several modules: `main` does something, `flow` is a workflow that does the same. */
export type Program = Readonly<Record<string, string>>;

/** All files of a program, to be read. */
export const listing = (program: Program): string =>
  Object.entries(program)
    .map(([file, text]) => `--- ${file}\n${text}`)
    .join("\n");

export interface ProgramOptions {
  /** Each call has a label, and the program may depend on the order in which its calls end. */
  readonly labels: boolean;
}

/** Tasks, helpers and the workflow each decide for themselves, so that the first do not use up what there is to decide. */
export const programs = (options: ProgramOptions): fc.Arbitrary<Program> =>
  fc
    .tuple(choices(20), choices(250), choices(400), choices(options.labels ? 700 : 1200))
    .map(([first, second, third, fourth]) => write(options, first, second, third, fourth));

function write(
  { labels }: ProgramOptions,
  c: Choices,
  forTasks: Choices,
  forHelpers: Choices,
  forMain: Choices,
): Program {
  const style = styleOf(c);
  let count = 0;
  const unique = (prefix: string): string => `${prefix}${count++}`;
  const at: At = {
    c,
    style,
    unique,
    path: labels ? "n" : undefined,
    depth: 3,
    times: 1,
    budget: { left: 0, fails: false },
    callables: [],
    values: [],
    variables: [],
    async: true,
    generator: false,
    task: false,
    quiet: false,
    guarded: false,
    sleeps: true,
    out: "out",
    jumps: [],
    returns: true,
    ownArguments: false,
  };
  const tasks = declarations({ ...at, c: forTasks }, 1 + c.below(2), (here) => moduleLevel(here, { task: true }, "t"));
  const imported = importing(at, tasks.all);
  const more = extras({ ...at, c: forTasks });
  const known = [...tasks.callables, ...more.callables];
  const helpers = declarations({ ...at, c: forHelpers, callables: known }, c.below(3), (here) =>
    moduleLevel(here, { task: c.chance(30) }, "h"),
  );
  const main = entries({ ...at, c: forMain, callables: [...known, ...helpers.callables] });
  const { inline = false, lines, extra = "", files } = imported;
  const texts = [...(inline ? tasks.texts : []), ...helpers.texts, main];
  return {
    "main.ts": [...lines, ...more.lines, module(style, texts.join("\n"))].join("\n"),
    ...(!inline && { "tasks.ts": module(style, [...tasks.texts, extra].join("\n")) }),
    ...files,
    ...more.files,
  };
}

interface Extras {
  readonly lines: readonly string[];
  readonly files: Program;
  readonly callables: readonly Callable[];
}

/** Modules of other kinds: one with a directive of its own, one with a default export, one with a workflow that is called by `main`. */
function extras(at: At): Extras {
  const { c, style } = at;
  if (c.chance(50)) return { lines: [], files: {}, callables: [] };
  const name = at.unique("x");
  const form = c.weighted([
    [1, "default export"],
    [1, "directive of a module"],
    [at.path === undefined ? 1 : 0, "workflow"],
  ]);
  const list = params(at, form !== "workflow");
  // a task may call the workflow, and time stands still while a task runs
  const written = (kind: Kind): Body => functionBody({ ...at, sleeps: false }, kind, list, name);
  const callable = (body: Body, expr = name): Callable => ({ ...free(name, body, expr), logs: false });
  const file = (text: string, first = ""): Program => ({
    "extra.ts": `${first}${module(style, text)}\n`,
  });
  if (form === "default export") {
    const body = written({ task: true });
    const exported = c.pick([
      `async function (${list.text})`,
      `async function ${name}(${list.text}): Promise<any>`,
      `async (${list.text}) =>`,
    ]);
    return {
      lines: [`import ${name} from "./extra";`],
      files: file(`export default ${exported} ${body.text}`),
      callables: [callable(body)],
    };
  }
  if (form === "directive of a module") {
    const body = written({ task: true, directive: "" });
    const exported = c.pick([
      `export async function ${name}(${list.text})`,
      `export const ${name} = async (${list.text}) =>`,
      `export { local as ${name} }${style.newline}async function local(${list.text})`,
    ]);
    return {
      lines: [`import { ${name} } from "./extra";`],
      files: file(`${exported} ${body.text}`, `"use task: retries=0";${style.newline}`),
      callables: [callable(body)],
    };
  }
  const body = written({ task: false, first: `"use workflow";${style.newline}`, quiet: true });
  const all = `${name}All`;
  return {
    lines: [`import * as ${all} from "./extra";`],
    files: file(`export async function sub(${list.text}): Promise<any> ${body.text}`),
    callables: [{ ...callable(body, `${all}.sub`), name: all }],
  };
}

function styleOf(c: Choices): Style {
  return { semicolons: !c.chance(30), comments: c.chance(30), newline: c.pick(["\n", "\n", "\r\n", "\n\n"]) };
}

interface Declarations {
  readonly all: readonly Declaration[];
  readonly texts: readonly string[];
  readonly callables: readonly Callable[];
}

/** Declarations one after the other, each seeing those before it. */
function declarations(at: At, count: number, make: (at: At) => Declaration): Declarations {
  const all: Declaration[] = [];
  for (let i = 0; i < count; i++)
    all.push(make({ ...at, callables: [...at.callables, ...all.flatMap(({ callables }) => callables)] }));
  const end = at.style.semicolons ? ";" : "";
  return {
    all,
    texts: all.map(({ text }) => `export ${text}${end}`),
    callables: all.flatMap(({ callables }) => callables),
  };
}

interface Imports {
  /** `main.ts` declares everything itself. */
  readonly inline?: boolean;
  readonly lines: readonly string[];
  /** What `tasks.ts` ends with. */
  readonly extra?: string;
  readonly files?: Program;
}

/** How `main.ts` gets what `tasks.ts` declares. */
function importing({ c, path }: At, all: readonly Declaration[]): Imports {
  const names = all.map(({ name }) => name);
  const list = names.join(", ");
  const files = { "index.ts": `export * from "./tasks";\nexport type Nothing = 1;\n` };
  return c.weighted<Imports>([
    // how functions are called matters more than from where, where calls have labels
    [path === undefined ? 1 : 15, { inline: true, lines: [] }],
    [4, { lines: [`import { ${list} } from "./tasks";`] }],
    [1, { lines: [`import { ${list} } from "./index.js";`], files }],
    [
      1,
      {
        lines: names.map((name) => `import { renamed_${name} as ${name} } from "./tasks.ts";`),
        extra: `export { ${names.map((name) => `${name} as renamed_${name}`).join(", ")} };`,
      },
    ],
    [1, { lines: [`import * as everything from "./tasks";`, `const { ${list} } = everything;`] }],
    [
      1,
      {
        lines: [`import everything from "./tasks";`, ...names.map((name) => `const ${name} = everything.${name};`)],
        extra: `export default { ${list} };`,
      },
    ],
  ]);
}

const WORLD =
  "at, begin, decorated, done, dur, Fault, give, history, Holder, log, mix, odd, quiet, range, raw, same, seen, settled, show, sig, work";

/** Functions that programs use, by name. The first three hand a function over, so that the compiler cannot see what is called. */
const TOOLS: Readonly<Record<string, string>> = {
  each: `async function each(p: any, xs: any, f: any) { const all: any[] = []; for (const [i, x] of xs.entries()) all.push(await f(at(p + "[" + i + "]"), x)); return all }`,
  sideBySide: `const sideBySide = (p: any, xs: any, f: any) => Promise.all(xs.map((x: any, i: any) => f(at(p + "[" + i + "]"), x)))`,
  handedOn: `async function handedOn(p: any, xs: any, f: any) { return await each(p + ".each", xs, (l: any, x: any) => f(l, x)) }`,
  invoke: `const invoke = (f: any, ...given: any[]): any => f(...given)`,
  stream: `async function* stream(x: any) { for (let i = 0; i < 2; i++) yield mix(x, i) }`,
  E: `enum E { One = 1, Two, Three = "x".length }`,
};

/** A module's imports, and the functions that its text needs. */
function module({ semicolons, newline }: Style, text: string): string {
  const needs = (name: string): boolean => new RegExp(`\\b${name}[(.]`).test(text);
  const used = Object.keys(TOOLS).filter((name) => needs(name) || (name === "each" && needs("handedOn")));
  return [
    `import { ${WORLD} } from "world"`,
    `import { keyed, shield, signal, sleep, taskOptions, workflowOptions } from "perdure"`,
    ...used.map((name) => TOOLS[name] ?? ""),
  ]
    .map((line) => `${line}${semicolons ? ";" : ""}`)
    .join(newline)
    .concat(newline, text);
}

/** `main`, and `flow` with the same body, or one that calls `main`. */
function entries(at: At): string {
  const { c, style } = at;
  const arrow = c.chance(30);
  const body = functionBody(
    { ...at, depth: 4 },
    { task: false, arrow, main: true },
    { text: "n", names: at.path === undefined ? ["n"] : [] },
    "main",
  ).text;
  const start = `"use workflow: id=w";${style.newline}begin();`;
  const callsMain = c.chance(50);
  const inner = callsMain
    ? `{ ${start}${style.newline}return await main(n)${style.newline}}`
    : `{ ${start}${body.slice(1)}`;
  const flow = arrow
    ? c.pick([
        `export const flow = async (n: any) => ${inner}`,
        `export const flow = async n => ${inner}`,
        `export const flow = workflowOptions(async (n: any) => ${inner}, {})`,
      ])
    : c.pick([
        `export async function flow(n: any): Promise<any> ${inner}`,
        `export const flow = async function (n: any) ${inner}`,
        `export const { flow } = { async flow(n: any) ${inner} }`,
        `export const flow = class { static async all(n: any) ${inner} }.all`,
        `export namespace Flows { export async function inner(n: any) ${inner} }\nexport const flow = Flows.inner`,
      ]);
  // without labels, `main` is called too, where there is no run
  if (at.path !== undefined && !callsMain) return `${flow}\n`;
  return `export ${arrow ? "const main = async (n: any) =>" : "async function main(n: any): Promise<any>"} ${body}\n${flow}\n`;
}
