import { awaited, promise, value } from "./expressions.ts";
import { declaring, detached, inCleanUp, newName, type At } from "./context.ts";
import { body, statements } from "./statements.ts";

interface Loop {
  readonly text: string;
  /** Statements around it, in a block with it. */
  readonly before?: string;
  readonly after?: string;
}

/** A loop of any kind, at times with a label. */
export function loop(at: At): string {
  const { c } = at;
  const label = c.chance(35) ? at.unique("l") : undefined;
  const inside: At = { ...at, times: at.times * 2, jumps: [...at.jumps, { label, loop: true }] };
  const { text, before, after = "" } = c.pick(loops)(inside, at);
  const labelled = label === undefined ? text : `${label}:${c.pick([" ", "\n"])}${text}`;
  return before === undefined ? labelled : `{ ${before};${at.style.newline}${labelled}${at.style.newline}${after} }`;
}

type LoopMaker = (inside: At, outside: At) => Loop;

/** A head is evaluated before its variable has a value. */
const hidden = (at: At, name: string): At => declaring(at, [name], []);

const forOf: LoopMaker = (inside, outside) => {
  const name = newName(outside, "i");
  const list =
    outside.async && outside.c.chance(40)
      ? `[${awaited(hidden(outside, name))}, 1]`
      : outside.c.pick([`[${value(hidden(outside, name))}, 2]`, `range(1 + mix(${value(hidden(outside, name))}) % 3)`]);
  return {
    text: `for (${outside.c.pick(["const", "let"])} ${name} of ${list} as any[]) ${body(declaring(inside, [name]))}`,
  };
};

const counted: LoopMaker = (inside, outside) => {
  const name = outside.unique("i");
  const end = outside.async && outside.c.chance(30) ? `(mix(${awaited(inside)}), 2)` : "2";
  const more = outside.c.chance(30) ? `, ${name}e = ${value(outside)}` : "";
  return { text: `for (let ${name} = 0${more}; ${name} < ${end}; ${name}++) ${body(declaring(inside, [name]))}` };
};

const whileLoop: LoopMaker = (inside, outside) => {
  const name = outside.unique("n");
  const test = outside.async && outside.c.chance(30) ? ` && (${awaited(inside)}, true)` : "";
  return { before: `let ${name} = 0`, text: `while (${name}++ < 2${test}) ${body(inside)}` };
};

const doLoop: LoopMaker = (inside, outside) => {
  const name = outside.unique("n");
  const test = outside.async && outside.c.chance(30) ? `(${awaited(inside)}, ${name}++ < 1)` : `${name}++ < 1`;
  return { before: `let ${name} = 0`, text: `do ${body(inside)} while (${test})` };
};

const forIn: LoopMaker = (inside, outside) => {
  const name = newName(outside, "k");
  const object =
    outside.async && outside.c.chance(30) ? `{ a: ${awaited(hidden(outside, name))}, b: 1 }` : "{ a: 1, b: 2 }";
  return { text: `for (const ${name} in ${object}) ${body(declaring(inside, [name]))}` };
};

const forAwait: LoopMaker = (inside, outside) => {
  if (!outside.async) return forOf(inside, outside);
  const name = newName(outside, "i");
  const away = hidden(outside, name);
  const list = outside.c.chance(50) ? `[${promise(away, true)}, ${value(away)}]` : `stream(${value(away)})`;
  return { text: `for await (const ${name} of ${list}) ${body(declaring(inside, [name]))}` };
};

/** The variable is destructured, with a default that may wait. */
const pattern: LoopMaker = (inside, outside) => {
  const name = outside.unique("i");
  const fallback = outside.async ? awaited(inside) : value(outside);
  return {
    text: `for (const [${name} = ${fallback}] of [[undefined], [${value(outside)}]] as any[]) ${body(declaring(inside, [name]))}`,
  };
};

/** One variable for all iterations. A task that captures it and is tried again later would find another value. */
const assigned: LoopMaker = (inside, outside) => {
  const name = outside.unique("i");
  const { c, style } = outside;
  const head = c.pick([
    `for (${name} of [1, 2])`,
    `for (${name} in { a: 1, b: 2 })`,
    `for (var ${name}w of [3, 4])`,
    `for (${name} = 0; ${name} < 2; ${name}++)`,
  ]);
  return {
    before: `let ${name}: any`,
    text: `${head}${c.pick([" ", style.comments ? " // (\n" : "\n"])}${body(declaring(inside, [name], outside.path === undefined ? [name] : []))}`,
    after: `${outside.out}.push(${name});`,
  };
};

const endless: LoopMaker = (inside, outside) => {
  const name = outside.unique("n");
  return {
    text: `for (let ${name} = 0; ;) { if (${name}++ > 1) break; ${statements(declaring(inside, [name]), 2)}${outside.style.newline}}`,
  };
};

/** Closures over the variable of each iteration, called after the loop. */
const closures: LoopMaker = (inside, outside) => {
  const { async, out, unique } = outside;
  const [name, list] = [unique("i"), unique("f")];
  const here: At = declaring({ ...inside, ownArguments: false }, [name]);
  const closure = async ? `async () => [${name}, ${awaited(here)}]` : `() => [${name}, ${value(here)}]`;
  return {
    before: `const ${list}: any[] = []`,
    text: `for (let ${name} = 0; ${name} < 2; ${name}++) ${list}.push(${closure});`,
    after: `for (const each of ${list}) ${out}.push(${async ? "await each()" : "each()"});`,
  };
};

const disposing: LoopMaker = (inside, outside) => {
  const { async, c, out, unique } = outside;
  const name = unique("u");
  if (!async || c.chance(50))
    return { text: `for (using ${name} of [{ [Symbol.dispose]() { ${out}.push("closed") } }, null]) ${body(inside)}` };
  return {
    text: `for (await using ${name} of [{ async [Symbol.asyncDispose]() { ${out}.push(${awaited(detached(inCleanUp(inside)))}) } }]) ${body(inside)}`,
  };
};

const loops = [
  forOf,
  forOf,
  counted,
  whileLoop,
  doLoop,
  forIn,
  forAwait,
  pattern,
  assigned,
  endless,
  closures,
  disposing,
] as const;
