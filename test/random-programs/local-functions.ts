import { afford, declaring, detached, free, labelled, member, type At, type Callable, type Traits } from "./context.ts";
import { args, arrowBody, awaited, promise, value } from "./expressions.ts";
import { functionBody, params, type Body, type Params } from "./functions.ts";
import type { Statement } from "./statements.ts";

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

const declared = (text: string, callables: readonly Callable[]): Statement => ({ text, declares: [], callables });

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

interface TaskForm {
  readonly arrow?: boolean;
  /** It is the method `run` of what is declared. */
  readonly method?: boolean;
  readonly write: (name: string, list: string, body: string, newline: string) => string;
}

const taskForms: readonly (readonly [weight: number, form: TaskForm])[] = [
  [2, { write: (name, list, body) => `async function ${name}(${list}) ${body}` }],
  [2, { arrow: true, write: (name, list, body) => `const ${name} = async (${list}) => ${body}` }],
  [1, { write: (name, list, body) => `const ${name} = async function (${list}) ${body}` }],
  [
    1,
    { write: (name, list, body) => `const ${name} = same(false) ? undefined! : async function self(${list}) ${body}` },
  ],
  [1, { arrow: true, write: (name, list, body) => `const { ${name} } = { ${name}: async (${list}) => ${body} }` }],
  [
    1,
    {
      write: (name, list, body, newline) =>
        [
          `const make${name} = (k: any) => {`,
          "return inner;",
          `async function inner(${list}) ${body}`,
          `};const ${name} = make${name}(1)`,
        ].join(newline),
    },
  ],
  [1, { method: true, write: (name, list, body) => `const ${name} = { k: 3, async run(${list}) ${body} }` }],
  [
    1,
    {
      method: true,
      write: (name, list, body) => `const ${name} = new (class { k = 3; async run(${list}) ${body} })()`,
    },
  ],
];

function localTask(at: At, name: string): Statement {
  const taken = params(at, true);
  const { arrow = false, method = false, write } = at.c.weighted(taskForms);
  const inner = functionBody(at, { task: true, arrow }, taken, name);
  const text = write(name, taken.text, inner.text, at.style.newline);
  if (method) return declared(text, [member(name, name, "run", inner)]);
  return declared(used(at, text, name, inner), [free(name, inner)]);
}

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
