import { declaring, detached, type At, type Callable } from "./random-context.ts";
import { arrowBody, awaited, promise, value } from "./random-expressions.ts";
import { statements, type Statement } from "./random-statements.ts";

/** What a function is, besides its text. */
export interface Traits {
  readonly cost: number;
  readonly fails: boolean;
  readonly logs: boolean;
}

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
}

/** Parameters that take any arguments. */
export function params({ c, unique, style }: At, self = false): Params {
  const [a, b, d] = [unique("p"), unique("p"), unique("p")];
  const list = c.weighted<Params>([
    [5, { text: `${a}: any`, names: [a] }],
    [1, { text: `${a}: any = 1`, names: [a] }],
    [1, { text: `${a}?: any, ${b}: any = ${a}`, names: [a, b] }],
    [1, { text: `${a}: any, ...${b}: any[]`, names: [a, b] }],
    [1, { text: `{ k: ${a}, l: ${b} = ${a} }: any = {}, ${d}: any = () => 1`, names: [a, b], picky: true }],
    [1, { text: `...[${a}, ${b} = 2, ...${d}]: any[]`, names: [a, b, d] }],
    [1, { text: `${a}: any,${style.comments ? " // first" : ""}\n${b}?: any,`, names: [a, b] }],
  ]);
  return self && c.chance(20) ? { ...list, text: `this: any, ${list.text}` } : list;
}

/** The block of a function, with what it is. */
export function functionBody(at: At, kind: Kind, { names: given, picky = false }: Params, label: string): Body {
  const { c, style } = at;
  const budget = { left: kind.budget ?? (kind.task ? 4 : 6) };
  const all = budget.left;
  const concurrent = kind.task || kind.quiet === true || at.concurrent || kind.async === false || c.chance(50);
  const inside = { ...insideOf(at, kind, given, concurrent), budget };
  const safe = kind.safe ?? c.chance(40);
  const simple = kind.task && c.chance(60);
  const main = simple
    ? simpleTask(inside, label, given, safe)
    : collecting(inside, label, safe, kind.budget === undefined ? 1 : 4);
  const again = given.length > 0 && c.chance(10) ? `${style.newline}var ${given[0] ?? ""}: any;` : "";
  const text = `{ ${opening(at, kind, given, label)}${again}${style.newline}${main}${style.newline}}`;
  return { text, cost: 1 + all - budget.left, fails: !safe || picky, logs: !concurrent };
}

function insideOf(at: At, kind: Kind, given: readonly string[], concurrent: boolean): At {
  const arrow = kind.arrow === true;
  const { callables } = arrow ? at : detached(at);
  const inside: At = {
    ...at,
    concurrent,
    times: 1,
    depth: Math.min(at.depth, kind.task ? 2 : 3),
    async: kind.async !== false,
    generator: kind.generator === true,
    out: at.unique("out"),
    task: at.task || kind.task,
    sleeps: at.sleeps && !kind.task,
    jumps: [],
    returns: true,
    ownArguments: arrow ? at.ownArguments : true,
    variables: concurrent ? [] : at.variables,
    callables: [...callables, ...(kind.also ?? [])],
  };
  return declaring(inside, given);
}

function opening(
  { c, style }: At,
  { task, directive, first = "" }: Kind,
  given: readonly string[],
  label: string,
): string {
  const written = directive ?? (task ? c.pick([`"use task: retries=0"`, `'use task: retries=0'`]) : "");
  const said = task ? `seen(${[JSON.stringify(label), ...given].join(", ")});` : "";
  return `${first}${written}${written === "" ? "" : `;${style.newline}`}${said}`;
}

const collecting = (at: At, label: string, safe: boolean, least: number): string =>
  `const ${at.out}: any[] = [${at.c.chance(30) ? JSON.stringify(label) : ""}]${at.style.semicolons ? ";" : ""}${at.style.newline}${guarded(at, safe, least)}${at.style.newline}return done(${at.out})`;

function guarded(at: At, safe: boolean, least: number): string {
  const text = statements(at, 4, least);
  return safe ? `try { ${text}${at.style.newline}} catch (problem) { ${at.out}.push(show(problem)) }` : text;
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

const free = (name: string, { cost, fails, logs }: Traits): Callable => ({ name, expr: name, cost, fails, logs });

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

/** With a call before or after the declaration: a function declaration is there before it is come to. */
function used(at: At, text: string, name: string, { cost, logs }: Traits): string {
  const { c, style, out } = at;
  const quiet = at.concurrent || at.task;
  if (!at.async || (quiet && logs) || cost * at.times > at.budget.left || c.chance(40)) return text;
  at.budget.left -= cost * at.times;
  const use = `${out}.push(await ${name}(${value(at)}))${style.semicolons ? ";" : ""}`;
  return text.startsWith("async function") && c.chance(50)
    ? `${use}${style.newline}${text}`
    : `${text}${style.semicolons ? ";" : ""}${style.newline}${use}`;
}

function localTask(at: At, name: string): Statement {
  const { c, style } = at;
  const taken = params(at);
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
    [1, () => method(at, name, make({ task: true }), (text) => `const ${name} = { k: 3, async run(${list}) ${text} }`)],
    [
      1,
      () =>
        method(
          at,
          name,
          make({ task: true }),
          (text) => `const ${name} = new (class { k = 3; async run(${list}) ${text} })()`,
        ),
    ],
  ])();
}

const withText = (at: At, name: string, inner: Body, wrap: (text: string) => string): Statement =>
  declared(used(at, wrap(inner.text), name, inner), [free(name, inner)]);

const method = (_at: At, name: string, inner: Body, wrap: (text: string) => string): Statement =>
  declared(wrap(inner.text), [{ ...free(name, inner), expr: `${name}.run`, self: name }]);

/** An async arrow whose body is an expression. */
function expressionBody(at: At, name: string): Statement {
  const { text: list, names } = params(at);
  const budget = { left: 4 };
  const inside = declaring({ ...at, budget, times: 1, async: true, generator: false, concurrent: true }, [...names]);
  const text = awaited(inside);
  const traits: Traits = { cost: 4 - budget.left + 1, fails: true, logs: false };
  return declared(`const ${name} = async (${list}) => ${arrowBody(text)}`, [free(name, traits)]);
}

/** A function that is not async and hands on promises. */
function promising(at: At, name: string): Statement {
  const { c, style } = at;
  const { text: list, names } = params(at);
  const budget = { left: 4 };
  const inside = declaring({ ...detached(at), budget, times: 1, async: false, generator: false, concurrent: true }, [
    ...names,
  ]);
  const handed = c.chance(50) ? promise(inside) : `Promise.all([${promise(inside, true)}, ${promise(inside, true)}])`;
  const traits: Traits = { cost: 4 - budget.left + 1, fails: true, logs: false };
  const text = c.pick([
    `const ${name} = (${list}) => ${handed}`,
    `function ${name}(${list}) { return ${handed} }`,
    [`const ${name} = function (${list}): any {`, `const handed = ${handed}`, "return handed", "}"].join(style.newline),
  ]);
  return declared(text, [free(name, traits)]);
}

function asyncGenerator(at: At, name: string): Statement {
  const { c, style, out } = at;
  const taken = params(at);
  const inner = functionBody(at, { task: false, generator: true }, taken, name);
  const text = `async function* ${name}(${taken.text}): any ${inner.text}`;
  const cost = inner.cost * 2 * at.times;
  if ((inner.logs && (at.concurrent || at.task)) || cost > at.budget.left) return declared(text, []);
  at.budget.left -= cost;
  const by = at.unique("g");
  const how = c.pick([
    `for await (const y of ${name}(${value(at)})) ${out}.push(y)`,
    `for await (const y of ${name}(${value(at)})) { ${out}.push(y); if (odd(y)) break }`,
    `{ const ${by} = ${name}(${value(at)}); ${out}.push((await ${by}.next()).value); ${out}.push((await ${by}.next(${value(at)})).value); ${out}.push((await ${by}.return(7)).value) }`,
    `{ const ${by} = ${name}.call({ k: 1 }, ${value(at)}); ${out}.push(await ${by}.next()); ${out}.push(await ${by}.throw(new Error("thrown in")).catch(show)) }`,
    `for await (const y of (async function* () { ${out}.push(yield* ${name}(${value(at)})) })()) ${out}.push(y)`,
  ]);
  return declared(`${text}${style.newline}${how}`, []);
}

function syncGenerator(at: At, name: string): Statement {
  const { c, style, out } = at;
  const taken = params(at);
  // it does not fail: promises that it has handed out would be left alone
  const inner = functionBody(at, { task: false, async: false, generator: true, safe: true }, taken, name);
  const text = `function* ${name}(${taken.text}): any ${inner.text}`;
  const cost = inner.cost * at.times;
  if (!at.async || (inner.logs && (at.concurrent || at.task)) || cost > at.budget.left) return declared(text, []);
  at.budget.left -= cost;
  const how = c.pick([
    `for (const y of ${name}(${value(at)})) ${out}.push(await y)`,
    `for (const y of [...${name}(${value(at)})]) ${out}.push(await y)`,
    `{ const [y] = ${name}(${value(at)}); ${out}.push(await y) }`,
  ]);
  return declared(`${text}${style.newline}${how}`, []);
}

function localClass(at: At, name: string): Statement {
  const { c, style } = at;
  const one = params(at, true);
  const two = params(at);
  const task = functionBody(at, { task: true }, one, `${name}.one`);
  const self: Callable = { name, expr: "this.one", self: "this", ...traitsOf(task) };
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
    { name, expr: `${object}.one`, self: object, ...traitsOf(task) },
    { name, expr: `${object}.two`, self: object, ...traitsOf(helper) },
    { name, expr: `${object}.four`, self: object, ...traitsOf(task) },
    { name, expr: `(async () => ${object}.three)`, ...traitsOf(task) },
  ];
  return declared(text, callables);
}

const traitsOf = ({ cost, fails, logs }: Traits): Traits => ({ cost, fails, logs });

function recursion(at: At, name: string): Statement {
  const inside: At = {
    ...detached(at),
    concurrent: true,
    budget: { left: 2 },
    times: 1,
    async: true,
    generator: false,
  };
  const step = promise(declaring(inside, ["n"]), true);
  const text = `async function ${name}(n: any): Promise<any> { if (typeof n !== "number" || n <= 0) return []; const r = await ${step}; return [r, ...(await ${name}(Math.min(n, 2) - 1))] }`;
  return declared(text, [{ name, expr: name, cost: 4, fails: true, logs: false }]);
}
