import { announced, forgotten, locked, unawaited, workers } from "./concurrent.ts";
import { declaring, deeper, detached, inCleanUp, newName, type At, type Callable } from "./context.ts";
import { awaited, promise, value, wait } from "./expressions.ts";
import { localFunction } from "./local-functions.ts";
import { loop } from "./loops.ts";
import { together } from "./together.ts";

export interface Statement {
  readonly text: string;
  /** Variables that it declares for the statements after it. */
  readonly declares: readonly string[];
  /** Those of them that may be assigned. */
  readonly assignable?: readonly string[];
  readonly callables?: readonly Callable[];
}

const plain = (text: string): Statement => ({ text, declares: [] });

/** Statements one after the other, the later ones seeing what the earlier ones declare. */
export function statements(at: At, most: number, least = 1): string {
  const { c, style } = at;
  const count = least + c.below(most);
  const texts: string[] = [];
  let here = at;
  for (let i = 0; i < count; i++) {
    const { text, declares, assignable = [], callables = [] } = statement(here);
    texts.push(text);
    here = declaring(here, declares);
    here = { ...here, variables: [...here.variables, ...assignable], callables: [...here.callables, ...callables] };
  }
  return texts.map((text) => ended(text, at)).join(style.newline);
}

/** A statement's text with what ends it: a semicolon, or the line; then a text that continues the line before begins with one. */
function ended(text: string, { c, style }: At): string {
  const note = style.comments && c.chance(20) ? c.pick([" /* ; ) } */", " // } ) `", " // ${"]) : "";
  if (style.semicolons) return `${text};${note}`;
  return `${/^[([`/+\-<]/.test(text) ? ";" : ""}${text}${note}`;
}

/** A block, or at times one statement without braces. */
export function body(at: At, most = 2): string {
  if (at.c.chance(30)) return bare(at);
  return `{ ${statements(at, most)}${at.style.newline}}`;
}

/** One statement where a declaration cannot stand. */
function bare(at: At): string {
  return `${action(at)}${at.style.newline.includes("\n") && !at.style.semicolons ? "\n" : ";"}`;
}

/** An expression statement. */
function action(at: At): string {
  const { c, out } = at;
  const said = (): string => `${out}.push(${result(at)})`;
  return c.weighted<() => string>([
    [6, said],
    [at.path === undefined ? 1 : 8, () => (at.task || at.quiet ? said() : `log(${result(at)})`)],
    [
      1,
      () =>
        at.variables.length > 0
          ? `${c.pick(at.variables)} ${c.pick(["=", "??=", "||=", "&&="])} ${result(at)}`
          : said(),
    ],
    [1, () => (at.async ? `await ${promise(at)}` : said())],
    [1, () => (at.async ? `void (${result(at)})` : said())],
    [
      1,
      () =>
        at.async && at.sleeps
          ? `await ${at.path === undefined ? `sleep(${c.pick(["1", '"1ms"'])})` : wait(at)}`
          : said(),
    ],
    [1, () => `${out}.push(...[${result(at)}], ${value(at)})`],
    [1, () => `odd(${value(at)}) && ${said()}`],
  ])();
}

/** An expression of this place: with `await` or `yield` where that is possible. */
function result(at: At): string {
  const { c } = at;
  if (at.generator && c.chance(40)) return yielded(at);
  return at.async && c.chance(75) ? awaited(at) : value(at);
}

function yielded(at: At): string {
  if (at.async) return `(yield ${at.c.chance(60) ? awaited(at) : value(at)})`;
  return `(yield ${at.c.chance(60) ? promise(at, true) : value(at)})`;
}

function statement(at: At): Statement {
  const { c } = at;
  if (at.depth <= 0) return c.chance(30) ? declaration(at) : plain(action(at));
  const inner = deeper(at);
  return c.weighted<() => Statement>([
    [8, () => plain(action(at))],
    [4, () => declaration(at)],
    [5, () => plain(loop(inner))],
    [2, () => plain(branching(inner))],
    [2, () => plain(attempt(inner))],
    [1, () => plain(switched(inner))],
    [1, () => plain(block(inner))],
    [6, () => localFunction(inner)],
    [1, () => plain(ending(inner))],
    [1, () => plain(disposal(inner))],
    [1, () => plain(at.async ? `${at.out}.push(await ${together(inner)})` : action(at))],
    ...(at.async ? beside(inner) : []),
  ])();
}

/** Statements that leave something running. */
function beside(at: At): [weight: number, make: () => Statement][] {
  const labelled = at.path !== undefined && !at.generator;
  return [
    [2, () => unawaited(at)],
    [1, () => locked(at)],
    [labelled ? 2 : 0, () => workers(at)],
    [labelled ? 1 : 0, () => forgotten(at)],
    [labelled ? 1 : 0, () => announced(at)],
  ];
}

function declaration(at: At): Statement {
  const { c } = at;
  const name = at.unique("v");
  const other = at.unique("w");
  const given = result(at);
  return c.weighted<() => Statement>([
    [4, () => ({ text: `const ${name} = ${given}`, declares: [name] })],
    [2, () => ({ text: `let ${name}: any = ${given}`, declares: [name], assignable: [name] })],
    [
      1,
      () => ({
        text: `var ${name}: any = ${given}, ${other}: any`,
        declares: [name, other],
        assignable: [name, other],
      }),
    ],
    [
      1,
      () => ({
        text: `const { a: ${name} = ${given}, ...${other} }: any = { b: ${value(at)}, c: 2 }`,
        declares: [name, other],
      }),
    ],
    [
      1,
      () => ({
        text: `let [${name}, ${other} = ${result(at)}]: any[] = [${given}]`,
        declares: [name, other],
        assignable: [name, other],
      }),
    ],
    [1, () => ({ text: `const { ["k"]: { l: ${name} = ${given} } = {} }: any = { k: { m: 1 } }`, declares: [name] })],
    [
      1,
      () => ({ text: `let ${name}: any; [${name} = ${given}] = [${value(at)}]`, declares: [name], assignable: [name] }),
    ],
    [
      1,
      () => ({ text: `let ${name}: any; ({ ${name} = ${given} } = {} as any)`, declares: [name], assignable: [name] }),
    ],
  ])();
}

function branching(at: At): string {
  const test = at.async && at.c.chance(40) ? `odd(${awaited(at)})` : `odd(${value(at)})`;
  if (at.c.chance(50)) return `if (${test}) ${body(at)}`;
  return `if (${test}) { ${statements(at, 2)}${at.style.newline}} else ${body(at)}`;
}

function attempt(at: At): string {
  const { c, out, style } = at;
  const form = c.weighted([
    [2, "catch"],
    [1, "catch finally"],
    [1, "finally"],
  ]);
  const inside: At = { ...at, guarded: at.guarded || form !== "finally" };
  const failing = mayThrow(inside) && c.chance(40) ? `${style.newline}throw ${thrown(inside)}` : "";
  const tried = `try { ${statements(inside, 3)}${failing}${style.newline}}`;
  // what ends the block early must not hide an error of the generator that is told to stop
  const cleanup = (): string =>
    `finally { ${statements({ ...inCleanUp(at), jumps: [], returns: false }, 2)}${style.newline}}`;
  if (form === "finally") return `${tried} ${cleanup()}`;
  const error = c.chance(60) ? newName(at, "e") : undefined;
  const place = inCleanUp(at);
  const caught: At = error === undefined ? place : declaring(place, [error], at.path === undefined ? [] : [error]);
  const handler =
    error === undefined
      ? `catch { ${statements(caught, 2)}${style.newline}}`
      : `catch (${error}: any) { ${out}.push(show(${error}));${style.newline}${statements(caught, 2)}${style.newline}}`;
  return form === "catch" ? `${tried} ${handler}` : `${tried} ${handler} ${cleanup()}`;
}

/** A program with labels fails where that is caught, or because a call does. */
const mayThrow = ({ guarded, path }: At): boolean => guarded || path === undefined;

const thrown = (at: At): string =>
  at.c.weighted<() => string>([
    [1, () => `new TypeError("t" + ${value(at)})`],
    [1, () => `Object.assign(new RangeError("r"), { code: ${value(at)} })`],
    [1, () => `new Fault(${value(at)})`],
    [1, () => `new Error("e", { cause: ${value(at)} })`],
    [1, () => `[${value(at)}]`],
  ])();

function switched(at: At): string {
  const { c, style } = at;
  const test = at.async && c.chance(50) ? awaited(at) : value(at);
  const inside: At = { ...at, jumps: [...at.jumps, { label: undefined, loop: false }] };
  const tested = at.async && c.chance(30) ? `mix(${awaited(at)}) % 3` : "1";
  const stop = (): string => `${style.newline}${c.chance(60) ? "break" : ""}${style.newline}`;
  const held = (): string =>
    c.chance(40) ? `{ ${statements(inside, 2)}${style.newline}}` : `${action(inside)}${style.newline}`;
  return `switch (mix(${test}) % 3) { case 0: ${held()}${stop()}case ${tested}: ${held()}${stop()}default: ${held()}}`;
}

function block(at: At): string {
  const { c, style } = at;
  if (c.chance(50)) {
    const label = at.unique("b");
    return `${label}: { ${statements({ ...at, jumps: [...at.jumps, { label, loop: false }] }, 3)}${style.newline}}`;
  }
  const name = newName(at, "n");
  return `{ const ${name} = ${value(declaring(at, [name], []))};${style.newline}${statements(declaring(at, [name]), 2)}${style.newline}}`;
}

/** What leaves the code around it early, when it happens. */
function ending(at: At): string {
  const { c } = at;
  const targets = at.jumps.flatMap(({ label, loop }, index) => {
    const innermost = at.jumps.slice(index + 1).every((each) => each.label !== undefined && !each.loop);
    if (label === undefined && !innermost) return [];
    const to = label === undefined ? "" : ` ${label}`;
    return loop ? [`continue${to}`, `break${to}`] : [`break${to}`];
  });
  const leaving = [
    ...targets,
    ...(at.returns ? [`return done(${at.out}, "early")`] : []),
    ...(mayThrow(at) ? [`throw new Error("leaving")`] : []),
  ];
  if (leaving.length === 0) return action(at);
  return `if (odd(${at.async && c.chance(30) ? awaited(at) : value(at)})) ${c.pick(leaving)}`;
}

function disposal(at: At): string {
  const { c, out, style } = at;
  const name = at.unique("d");
  const rest = `${statements(at, 2)}${style.newline}`;
  const close =
    at.async && c.chance(60)
      ? `await using ${name} = { async [Symbol.asyncDispose]() { ${out}.push(${awaited(detached(inCleanUp(at)))}) } }`
      : `using ${name} = { [Symbol.dispose]() { ${out}.push("disposed") } }`;
  return `{ ${close};${style.newline}${rest}}`;
}
