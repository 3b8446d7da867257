import { call } from "./expressions.ts";
import { awaited, functionBody, results, statements } from "./statements.ts";
import { block, inside, Writer, type Helper, type Place } from "./writer.ts";

/** What every program begins with: tasks in several places, and functions that call what they are given. */
const PRELUDE = `
import { keyed, signal, sleep } from "perdure";
import { at, begin, dur, pick, quiet, range, sig, tag, work } from "world";

async function ok(l, ...more) {
  "use task: retries=0";
  return work("ok", l, more);
}
async function flaky(l, ...more) {
  "use task: retries=3, backoff=constant(4ms)";
  return work("flaky", l, more);
}
const fails = async (l, ...more) => {
  "use task: retries=1, backoff=linear(start=3ms, step=2ms)";
  return await work("fails", l, more);
};
export async function fatal(l, ...more) {
  "use task";
  return work("fatal", l, more);
}
const desk = {
  async send(l, ...more) {
    "use task: backoff=exponential(base=2, max=6ms)";
    return work("flaky", l, more);
  },
};
class Office {
  static async file(l, ...more) {
    "use task: retries=0";
    return work("ok", l, more);
  }
}

async function each(p, xs, f) {
  const out = [];
  for (const x of xs) out.push(await f(at(p + "[" + x + "]"), x));
  return out;
}
const together = (p, xs, f) => Promise.all(xs.map((x) => f(at(p + "[" + x + "]"), x)));
async function passed(p, xs, f) {
  return await each(p + ".each", xs, (l, x) => f(l, x));
}
`.trimStart();

/** Programs of low seeds are tiny, later ones of any size up to a bound. */
const sizeOf = (w: Writer, seed: number): number => 1 + w.random.below(Math.min(40, 2 + seed / 20));

/** The source of a module whose workflow `wf(p)` is a function of `seed` alone. */
export function generate(seed: number): string {
  const w = new Writer(seed);
  const size = sizeOf(w, seed);
  const helpers = Array.from({ length: w.random.below(Math.min(5, 1 + size / 5)) }, () =>
    helper(w, w.random.between(1, 2 + size / 4)),
  );
  return [PRELUDE, ...helpers, workflow(w, size)].join("\n");
}

const place = (path: string, changes: Partial<Place> = {}): Place => ({
  path,
  times: 1,
  depth: 0,
  values: [],
  signals: [],
  guarded: false,
  loops: [],
  yields: false,
  ...changes,
});

function workflow(w: Writer, size: number): string {
  const body = place("p");
  const lines: string[] = [];
  w.left = size;
  do lines.push(...statements(w, body, 1));
  while (w.left > 0);
  const end = `return { log: c.log, result: ${results(w, body)} };`;
  return `export async function wf(p) ${block([`"use workflow";`, `const c = begin();`, ...lines, end])}\n`;
}

// --- helpers: functions without a directive; each may call those before it

function helper(w: Writer, size: number): string {
  w.left = size;
  w.cost = 0;
  const name = w.fresh("helper");
  return w.random.weighted<(w: Writer, name: string) => string>([
    [3, declaration],
    [2, arrow],
    [2, method],
    [1, instance],
    [2, recursive],
    [3, asyncGenerator],
    [1, generator],
  ])(w, name);
}

function register(w: Writer, name: string, kind: Helper["kind"] = "promise", more = "", factor = 1): void {
  w.helpers.push({ name, kind, cost: Math.max(1, w.cost) * factor, more });
}

const body = (w: Writer): string =>
  functionBody(w, place("p", { depth: 1, guarded: w.random.chance(0.2) }), [], w.random.between(0, 3));

function declaration(w: Writer, name: string): string {
  const text = `async function ${name}(p, c) ${body(w)}`;
  register(w, name);
  return text;
}

function arrow(w: Writer, name: string): string {
  const text = `const ${name} = async (p, c) => ${body(w)};`;
  register(w, name);
  return text;
}

function method(w: Writer, name: string): string {
  const text = `const ${name} = ${block([`async step(p, c) ${body(w)},`])};`;
  register(w, `${name}.step`);
  return text;
}

function instance(w: Writer, name: string): string {
  const members = [
    `#p = ".own";`,
    `async step(p, c) { return this.inner(p + this.#p, c); }`,
    `async inner(p, c) ${body(w)}`,
  ];
  const text = `const ${name} = new (class ${block(members)})();`;
  register(w, `${name}.step`);
  return text;
}

function recursive(w: Writer, name: string): string {
  const inner = place("p", { depth: 1 });
  const first = awaited(w, inner);
  const again = (): string => `${name}(p + ".${w.fresh("")}", c, n - 1)`;
  const next = w.random.chance(0.5)
    ? `await ${again()}`
    : `await Promise.${w.random.pick(["all", "allSettled", "race"])}([${again()}, ${again()}])`;
  const lines = [
    ...first,
    `if (n <= 0) return ${results(w, inner)};`,
    ...statements(w, inner, w.random.below(2)),
    `return [${next}, ${results(w, inner)}];`,
  ];
  register(w, name, "promise", `, ${w.random.between(1, 2)}`, 5);
  return `async function ${name}(p, c, n) ${block(lines)}`;
}

function asyncGenerator(w: Writer, name: string): string {
  const inner = place("p", { depth: 1, yields: true });
  const first = awaited(w, inner);
  const nested = inside(inner, { path: "q", times: 2, loops: [""] });
  const head = `for (const x of range(${w.random.between(1, 3)}))`;
  const loop = `${head} ${block([`const q = p + ".${w.fresh("")}[" + x + "]";`, ...statements(w, nested, w.random.below(2)), `yield await ${call(w, nested)};`])}`;
  const lines = [...first, ...statements(w, inner, w.random.below(2)), loop];
  const closed = w.random.chance(0.4) ? [`try ${block(lines)} finally ${block(awaited(w, place("p")))}`] : lines;
  register(w, name, "async generator");
  return `async function* ${name}(p, c) ${block(closed)}`;
}

/** Yields promises; what follows a `yield` begins when the next one is asked for. */
function generator(w: Writer, name: string): string {
  const inner = place("p", { depth: 3 });
  const lines = Array.from({ length: w.random.between(1, 3) }, () => `yield quiet(${call(w, inner)});`);
  register(w, name, "generator");
  return `function* ${name}(p, c) ${block(lines)}`;
}
