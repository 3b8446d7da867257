import {
  afford,
  constant,
  declaring,
  detached,
  free,
  labelled,
  member,
  type At,
  type Callable,
  type Traits,
} from "./context.ts";
import { args, arrowBody, awaited, promise, value } from "./expressions.ts";
import { statements, type Statement } from "./statements.ts";
import type { TaskKind } from "./world.ts";

export interface Kind {
  readonly task: boolean;
  /** The directive of a task; by default one that stands for itself. */
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
  const { c, unique, style } = at;
  const list = at.path === undefined ? anyParams(at) : task ? labelledRest(at) : labelledParams(at);
  return self && c.chance(20) ? { ...list, text: `this: any, ${list.text}` } : list;

  function anyParams({ path }: At): Params {
    const [a, b, d] = [unique("p"), unique("p"), unique("p")];
    return c.weighted<Params>([
      [5, { text: `${a}: any`, names: [a] }],
      [1, { text: `${a}: any = 1`, names: [a] }],
      [1, { text: `${a}?: any, ${b}: any = ${a}`, names: [a, b] }],
      [1, { text: `${a}: any, ...${b}: any[]`, names: [a, b] }],
      [
        path === undefined ? 1 : 0,
        { text: `{ k: ${a}, l: ${b} = ${a} }: any = {}, ${d}: any = () => 1`, names: [a, b], picky: true },
      ],
      [1, { text: `...[${a}, ${b} = 2, ...${d}]: any[]`, names: [a, b, d] }],
      [1, { text: `${a}: any,${style.comments ? " // first" : ""}\n${b}?: any,`, names: [a, b] }],
    ]);
  }

  function labelledParams(at: At): Params {
    const path = unique("path");
    const { text, names } = anyParams(at);
    return { text: `${path}: any, ${text}`, names, path };
  }

  /** All arguments of a task are part of what it comes to. */
  function labelledRest({ c }: At): Params {
    const [path, rest] = [unique("path"), unique("p")];
    const text = c.pick([
      `${path}: any, ...${rest}: any[]`,
      `...[${path}, ...${rest}]: any[]`,
      `${path}: any,${style.comments ? " // first" : ""}\n...${rest}: any[]`,
    ]);
    return { text, names: [rest], path };
  }
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

/** A statement that declares something durable for the statements after it, and may use it itself. */
export function localFunction(at: At): Statement {
  const name = at.unique(at.c.pick(["f", "g"]));
  const at2: At = { ...at, depth: at.depth - 1 };
  return at.c.weighted<() => Statement>([
    [4, () => closure(at2, name)],
    [4, () => localTask(at2, name)],
    [2, () => expressionBody(at2, name)],
    [2, () => promising(at2, name)],
    [3, () => (at.async ? asyncGenerator(at2, name) : syncGenerator(at2, name))],
    [1, () => (at.async ? syncGenerator(at2, name) : closure(at2, name))],
    [2, () => localClass(at2, name)],
    [1, () => recursion(at2, name)],
  ])();
}

const declared = (text: string, callables: readonly Callable[], more: Partial<Statement> = {}): Statement => ({
  text,
  declares: [],
  callables,
  ...more,
});

function closure(at: At, name: string): Statement {
  const { c } = at;
  const taken = params(at);
  const list = taken.text;
  const arrow = c.chance(50);
  const inner = functionBody(at, { task: false, arrow }, taken, name);
  const text = arrow
    ? `const ${name} = async (${list}) => ${inner.text}`
    : c.pick([
        `async function ${name}(${list}): Promise<any> ${inner.text}`,
        `const ${name} = async function (${list}) ${inner.text}`,
        `const ${name} = async function inner(${list}) ${inner.text}`,
      ]);
  return declared(used(at, text, name, inner), [free(name, inner)]);
}

/** With a call before or after the declaration: a function declaration can be called before it. */
function used(at: At, text: string, name: string, inner: Body): string {
  const { c, style, out } = at;
  if (!at.async || c.chance(40) || !afford(at, inner)) return text;
  const use = `${out}.push(await ${name}(${args(at, inner).join(", ")}))${style.semicolons ? ";" : ""}`;
  return text.startsWith("async function") && c.chance(50)
    ? `${use}${style.newline}${text}`
    : `${text}${style.semicolons ? ";" : ""}${style.newline}${use}`;
}

function localTask(at: At, name: string): Statement {
  const { c, style } = at;
  const taken = params(at, true);
  const list = taken.text;
  const make = (kind: Kind): Body => functionBody(at, kind, taken, name);
  return c.weighted<() => Statement>([
    [2, () => withText(at, name, make({ task: true }), (text) => `async function ${name}(${list}) ${text}`)],
    [
      2,
      () =>
        withText(at, name, make({ task: true, arrow: true }), (text) => `const ${name} = async (${list}) => ${text}`),
    ],
    [1, () => withText(at, name, make({ task: true }), (text) => `const ${name} = async function (${list}) ${text}`)],
    [
      1,
      () =>
        withText(
          at,
          name,
          make({ task: true }),
          (text) => `const ${name} = same(false) ? undefined! : async function self(${list}) ${text}`,
        ),
    ],
    [
      1,
      () =>
        withText(
          at,
          name,
          make({ task: true, arrow: true }),
          (text) => `const { ${name} } = { ${name}: async (${list}) => ${text} }`,
        ),
    ],
    [
      1,
      () =>
        withText(at, name, make({ task: true }), (text) =>
          [
            `const make${name} = (k: any) => {`,
            "return inner;",
            `async function inner(${list}) ${text}`,
            `}${style.semicolons ? ";" : style.newline}const ${name} = make${name}(1)`,
          ].join(style.newline),
        ),
    ],
    [1, () => method(name, make({ task: true }), (text) => `const ${name} = { k: 3, async run(${list}) ${text} }`)],
    [
      1,
      () =>
        method(
          name,
          make({ task: true }),
          (text) => `const ${name} = new (class { k = 3; async run(${list}) ${text} })()`,
        ),
    ],
  ])();
}

const withText = (at: At, name: string, inner: Body, wrap: (text: string) => string): Statement =>
  declared(used(at, wrap(inner.text), name, inner), [free(name, inner)]);

const method = (name: string, inner: Body, wrap: (text: string) => string): Statement =>
  declared(wrap(inner.text), [member(name, name, "run", inner)]);

/** A place for an expression that is all that a function with these parameters does. */
function onlyExpression(at: At, { names, path }: Params): { readonly inside: At; readonly traits: () => Traits } {
  const budget = { left: 4, fails: false };
  const inside = { ...at, path: path ?? at.path, budget, times: 1, quiet: true, guarded: false };
  const fails = (): boolean => at.path === undefined || budget.fails;
  return {
    inside: declaring(inside, names),
    traits: () => ({ cost: 4 - budget.left + 1, fails: fails(), logs: false, task: false }),
  };
}

/** An async arrow whose body is an expression. */
function expressionBody(at: At, name: string): Statement {
  const taken = params(at);
  const { inside, traits } = onlyExpression({ ...at, async: true, generator: false }, taken);
  const text = awaited(inside);
  return declared(`const ${name} = async (${taken.text}) => ${arrowBody(text)}`, [free(name, traits())]);
}

/** A function that is not async and hands on promises. */
function promising(at: At, name: string): Statement {
  const { c, style } = at;
  const taken = params(at);
  const list = taken.text;
  const { inside, traits } = onlyExpression({ ...detached(at), async: false, generator: false }, taken);
  const handed = c.chance(50) ? promise(inside) : `Promise.all([${promise(inside, true)}, ${promise(inside, true)}])`;
  const text = c.pick([
    `const ${name} = (${list}) => ${handed}`,
    `function ${name}(${list}) { return ${handed} }`,
    [`const ${name} = function (${list}): any {`, `const handed = ${handed}`, "return handed", "}"].join(style.newline),
  ]);
  return declared(text, [free(name, traits())]);
}

function asyncGenerator(at: At, name: string): Statement {
  const { c, style, out } = at;
  const taken = params(at);
  const inner = functionBody(at, { task: false, generator: true }, taken, name);
  const text = `async function* ${name}(${taken.text}): any ${inner.text}`;
  if (!afford(at, { ...inner, cost: inner.cost * 2 })) return declared(text, []);
  const by = at.unique("g");
  const given = args(at, inner).join(", ");
  const how = c.pick([
    `for await (const y of ${name}(${given})) ${out}.push(y)`,
    `for await (const y of ${name}(${given})) { ${out}.push(y); if (odd(y)) break }`,
    `{ const ${by} = ${name}(${given}); ${out}.push((await ${by}.next()).value); ${out}.push((await ${by}.next(${value(at)})).value); ${out}.push((await ${by}.return(7)).value) }`,
    `{ const ${by} = ${name}.call({ k: 1 }, ${given}); ${out}.push(await ${by}.next()); ${out}.push(await ${by}.throw(new Error("thrown in")).catch(show)) }`,
    `for await (const y of (async function* () { ${out}.push(yield* ${name}(${given})) })()) ${out}.push(y)`,
  ]);
  return declared(`${text}${style.newline}${how}`, []);
}

function syncGenerator(at: At, name: string): Statement {
  const { c, style, out } = at;
  const taken = params(at);
  // it does not fail: promises that it has handed out would be left alone
  const inner = functionBody(at, { task: false, async: false, generator: true, safe: true }, taken, name);
  const text = `function* ${name}(${taken.text}): any ${inner.text}`;
  if (!at.async || !afford(at, inner)) return declared(text, []);
  const given = args(at, inner).join(", ");
  const how = c.pick([
    `for (const y of ${name}(${given})) ${out}.push(await y)`,
    `for (const y of [...${name}(${given})]) ${out}.push(await y)`,
    `{ const [y] = ${name}(${given}); ${out}.push(await y) }`,
    `${out}.push(await Promise.all(${name}(${given})))`,
  ]);
  return declared(`${text}${style.newline}${how}`, []);
}

function localClass(at: At, name: string): Statement {
  const { c, style } = at;
  const one = params(at, true, true);
  const two = params(at);
  const task = functionBody(at, { task: true }, one, `${name}.one`);
  const self = member(name, "this", "one", task);
  const helper = functionBody(at, { task: false, also: [self] }, two, `${name}.two`);
  const sep = style.semicolons ? ";" : style.newline;
  const getter = `get three() { return this.one(${value({ ...at, ownArguments: false })}) }`;
  const text = [
    `class ${name} extends Holder { k = 2${sep}`,
    `async one(${one.text}): Promise<any> ${task.text}`,
    `async two(${two.text}) ${helper.text}`,
    getter,
    "four = async (x: any) => [await super.held, await this.one(x)]",
    "}",
  ].join(style.newline);
  const object = c.pick([`new ${name}(1)`, `new ${name}(2)`]);
  const callables = [
    member(name, object, "one", task),
    member(name, object, "two", helper),
    member(name, object, "four", task),
    { ...free(name, task, `(async () => ${object}.three)`), withoutArguments: true },
  ];
  return declared(text, callables);
}

function recursion(at: At, name: string): Statement {
  const { c } = at;
  const path = at.path && at.unique("path");
  const budget = { left: 2, fails: false };
  const place = { ...detached(at), path, quiet: true, guarded: false, budget, times: 1, async: true, generator: false };
  const inside = declaring(place, ["n"]);
  const step = promise(inside, true);
  const again = (): string => `${name}(${[...labelled(inside, []), "Math.min(n, 2) - 1"].join(", ")})`;
  const next = c.pick([
    again(),
    `Promise.all([${again()}, ${again()}])`,
    ...(path === undefined ? [] : [`Promise.race([${again()}, ${again()}])`]),
  ]);
  const given = path === undefined ? "n: any" : `${path}: any, n: any`;
  const text = `async function ${name}(${given}): Promise<any> { const r = await ${step}; if (typeof n !== "number" || n <= 0) return [r]; return [r, await ${next}] }`;
  return declared(text, [free(name, { cost: 7, fails: path === undefined, logs: false, task: false })]);
}
