import { call, condition, itemBody, items, promise, shared, taskName } from "./expressions.ts";
import { awaitedLoop, loop } from "./loops.ts";
import { activation, block, inside, type Place, type Writer } from "./writer.ts";

export type Statement = (w: Writer, place: Place) => string[];

/**
 * The body of a function that runs beside others. It waits for a durable step before it touches shared state, so the order of what is done to that
 * follows from the order of completions alone, not from the number of microtasks that a function takes.
 */
export function functionBody(w: Writer, place: Place, before: readonly string[], count = w.random.below(3)): string {
  const first = awaited(w, place);
  const rest = statements(w, place, count);
  return block([...before, ...first, ...rest, `return ${results(w, place)};`]);
}

export function results(w: Writer, { values }: Place): string {
  if (values.length === 0) return "c.log.length";
  return w.random.chance(0.5) ? `[${values.slice(-3).join(", ")}]` : w.random.pick(values);
}

export function statements(w: Writer, place: Place, count: number): string[] {
  const lines: string[] = [];
  for (let index = 0; index < count; index++) lines.push(...statement(w, place));
  return lines;
}

function statement(w: Writer, place: Place): string[] {
  if (place.yields && w.random.chance(0.35)) return yielded(w, place);
  if (!w.mayNest(place)) return w.random.chance(0.6) ? push(w, place) : awaited(w, place);
  return w.random.weighted<Statement>([
    [6, awaited],
    [3, push],
    [2, conditional],
    [4, loop],
    [2, awaitedLoop],
    [3, guarded],
    [1, switched],
    [2, unawaited],
    [1, forgotten],
    [1, announced],
    [2, workers],
    [1, locked],
    [1, ownTask],
    [2, jump],
    [0.5, thrown],
  ])(w, place);
}

/** `const v = await …;`, with the value in sight for what follows. */
export const awaited: Statement = (w, place) => {
  const text = promise(w, place);
  const value = w.fresh("v");
  place.values.push(value);
  return [`const ${value} = await ${text};`];
};

const push: Statement = (w, place) => [`c.log.push(${place.path} + ".${w.fresh("")}=" + tag(${shared(w, place)}));`];

const yielded: Statement = (w, place) => [
  w.random.chance(0.5) ? `yield await ${call(w, place)};` : `yield ${shared(w, place)};`,
];

const branch = (w: Writer, place: Place): string => {
  const inner = inside(place);
  return block(statements(w, inner, w.random.between(1, 2)));
};

const conditional: Statement = (w, place) => {
  const test = condition(w, place);
  const then = branch(w, place);
  return [`if (${test}) ${then}${w.random.chance(0.4) ? ` else ${branch(w, place)}` : ""}`];
};

const switched: Statement = (w, place) => {
  const subject = `pick(${shared(w, place)}, 3)`;
  const cases = [0, 1].map((value) => `case ${value}: ${branch(w, place)}${w.random.chance(0.7) ? " break;" : ""}`);
  return [`switch (${subject}) ${block([...cases, `default: ${branch(w, place)}`])}`];
};

// --- failures

const guarded: Statement = (w, place) => {
  const value = w.fresh("v");
  const attempt = inside(place, { guarded: true });
  const lines = [`${value} = await ${promise(w, attempt)};`, ...statements(w, attempt, w.random.below(2))];
  const handler = inside(place, { values: [...place.values, "error"] });
  const handled = [`${value} = error;`, ...statements(w, handler, w.random.below(3))];
  const last = w.random.chance(0.35) ? ` finally ${block(statements(w, inside(place), w.random.between(1, 2)))}` : "";
  place.values.push(value);
  return [`let ${value};`, `try ${block(lines)} catch (error) ${block(handled)}${last}`];
};

const thrown: Statement = (w, place) =>
  place.guarded
    ? [`if (${condition(w, place)}) throw new RangeError(${place.path} + ".${w.fresh("")}");`]
    : conditional(w, place);

/** Leaves the loop, or this iteration, or the function early. */
const jump: Statement = (w, place) => {
  const test = condition(w, place);
  const target = place.loops.length === 0 ? undefined : w.random.pick(place.loops);
  if (target === undefined)
    return place.yields || !w.random.chance(0.3) ? push(w, place) : [`if (${test}) return ${results(w, place)};`];
  return [`if (${test}) ${w.random.pick(["break", "continue"])}${target === "" ? "" : ` ${target}`};`];
};

// --- promises that live longer than their statement

const unawaited: Statement = (w, place) => {
  const pending = w.fresh("h");
  const begun = `const ${pending} = quiet(${promise(w, place)});`;
  const between = [...awaited(w, place), ...statements(w, place, w.random.below(2))];
  const value = w.fresh("v");
  const end = w.random.chance(0.3) ? `Promise.race([${pending}, ${promise(w, inside(place))}])` : pending;
  place.values.push(value);
  return [begun, ...between, `const ${value} = await ${end};`];
};

const forgotten: Statement = (w, place) => [`quiet(${promise(w, inside(place))});`, ...awaited(w, place)];

const announced: Statement = (w, place) => {
  const name = w.fresh("s");
  const lines = [`const ${name} = sig(${place.path} + ".${w.fresh("")}");`, ...awaited(w, place)];
  place.signals.push(name);
  return [...lines, ...awaited(w, place)];
};

// --- branches that share something

/** Workers that take items from one queue, and put some back: which one gets which depends on the order of completions. */
const workers: Statement = (w, place) => {
  const [queue, worker, value] = [w.fresh("q"), w.fresh("worker"), w.fresh("v")];
  const count = w.random.between(2, 4);
  const path = w.fresh("p");
  const inner = activation(place, { path, times: place.times * count * 2 });
  const first = awaited(w, inner);
  const rest = statements(w, inner, w.random.below(3));
  const iteration = block([
    `const x = ${queue}.shift();`,
    `const ${path} = ${place.path} + ".${w.fresh("")}[" + w + "," + x + "]";`,
    ...first,
    ...rest,
    ...(w.random.chance(0.4) ? [`if (x < 9 && pick(${shared(w, inner)}, 2) === 0) ${queue}.push(x + 10);`] : []),
    `done.push(${results(w, inner)});`,
  ]);
  place.values.push(value);
  return [
    `const ${queue} = range(${count});`,
    `const ${worker} = async (w) => ${block([`const done = [];`, `while (${queue}.length > 0) ${iteration}`, `return done;`])};`,
    `const ${value} = await Promise.all(${w.random.chance(0.5) ? `range(2).map(${worker})` : `[${worker}(0), ${worker}(1), ${worker}(2)]`});`,
  ];
};

/** One at a time, in a chain of promises. */
const locked: Statement = (w, place) => {
  const [lock, enter, value, path, first] = [
    w.fresh("lock"),
    w.fresh("enter"),
    w.fresh("v"),
    w.fresh("p"),
    w.fresh("v"),
  ];
  const inner = activation(place, { path, times: place.times * 3, values: [...place.values, first] });
  w.spend(inner.times);
  const section = block([
    `const ${path} = ${place.path} + ".${w.fresh("")}[" + x + "]";`,
    `const ${first} = await ${taskName(w, inner)}(at(${path} + ".${w.fresh("")}"));`,
    ...statements(w, inner, w.random.below(3)),
    `return ${first};`,
  ]);
  const list = items(w, place);
  place.values.push(value);
  return [
    `let ${lock} = Promise.resolve();`,
    `const ${enter} = (f) => (${lock} = ${lock}.then(f, f));`,
    `const ${value} = await Promise.all(${list}.map((x) => ${enter}(async () => ${section})));`,
  ];
};

/** A task in the middle of a workflow, over what it captures. */
const ownTask: Statement = (w, place) => {
  const task = w.fresh("task");
  const captured = place.values.length === 0 ? "0" : w.random.pick(place.values);
  const value = w.fresh("v");
  const mapped = { ...place, times: place.times * 3 };
  const lines = [
    `const ${task} = async (l) => { "use task: retries=3, backoff=constant(2ms)"; return work("flaky", l, [], ${captured}); };`,
    `const ${value} = await Promise.all(${items(w, place)}.map(async (x) => [await ${task}(at(${place.path} + ".${w.fresh("")}[" + x + "]")), ${itemCall(w, mapped)}]));`,
  ];
  w.spend(mapped.times);
  place.values.push(value);
  return lines;
};

const itemCall = (w: Writer, place: Place): string =>
  w.random.chance(0.5) ? "x" : `await (async () => ${itemBody(w, place, "x")})()`;
