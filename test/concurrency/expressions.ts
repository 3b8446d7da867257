import { functionBody } from "./statements.ts";
import { activation, inside, type Place, type Writer } from "./writer.ts";

type Expression = (w: Writer, place: Place) => string;

/** A promise that is settled by a durable step of its own, never by anything else: so no two of them are settled at once. */
export function promise(w: Writer, place: Place): string {
  if (!w.mayNest(place) || w.random.chance(0.45)) return call(w, place);
  return w.random.weighted<Expression>([
    [4, combined],
    [4, mapped],
    [4, helperCall],
    [1, keyedCall],
    [2, chained],
    [2, immediate],
    [2, callback],
    [1, reduced],
    [1, generated],
  ])(w, place);
}

// --- one durable call

export function call(w: Writer, place: Place): string {
  w.spend(place.times);
  const announced = place.signals.pop();
  if (announced !== undefined && w.random.chance(0.8)) return `signal(${announced})`;
  return w.random.weighted<Expression>([
    [12, taskCall],
    [2, sleepCall],
    [1, signalCall],
  ])(w, place);
}

const sleepCall: Expression = (w, place) => `sleep(dur(${labelText(w, place)}))`;

const signalCall: Expression = (w, place) => {
  const name = `sig(${labelText(w, place)})`;
  return place.guarded && w.random.chance(0.3)
    ? `signal(${name}, { timeout: ${w.random.between(1, 60)} })`
    : `signal(${name})`;
};

const taskCall: Expression = (w, place) =>
  `${taskName(w, place)}(at(${labelText(w, place)})${extraArgument(w, place)})`;

/** A task that may fail for good stands where that is caught, mostly. */
export const taskName = (w: Writer, { guarded }: Place): string =>
  w.random.weighted(
    guarded
      ? [
          [5, "ok"],
          [2, "flaky"],
          [3, "fails"],
          [1, "fatal"],
          [1, "desk.send"],
        ]
      : [
          [8, "ok"],
          [3, "flaky"],
          [0.2, "fails"],
          [0.1, "fatal"],
          [1, "desk.send"],
          [1, "Office.file"],
        ],
  );

/** Unique by construction: a path that only this activation or iteration has, and a number that only this call in the source has. */
function labelText(w: Writer, { path }: Place): string {
  const text = `${path} + ".${w.fresh("")}`;
  return w.random.chance(0.15) ? `${text}:" + tag(c.log)` : `${text}"`;
}

function extraArgument(w: Writer, place: Place): string {
  if (w.random.chance(0.75)) return "";
  return `, ${w.random.chance(0.5) ? "c.log.length" : shared(w, place)}`;
}

/** Something that depends on what has happened so far. */
export const shared = (w: Writer, { values }: Place): string =>
  values.length === 0 || w.random.chance(0.4) ? "c.log" : w.random.pick(values);

export const condition = (w: Writer, place: Place): string => {
  const end = w.random.between(2, 3);
  if (w.random.chance(0.15) && w.left > 0) return `pick(await ${call(w, place)}, ${end}) === 0`;
  return `pick(${shared(w, place)}, ${end}) === 0`;
};

// --- several together

type Combinator = "all" | "allSettled" | "race" | "any";
const combinator = (w: Writer): Combinator =>
  w.random.weighted([
    [4, "all"],
    [2, "allSettled"],
    [3, "race"],
    [2, "any"],
  ]);

const branchPlace = (place: Place, how: Combinator): Place =>
  inside(place, { guarded: place.guarded || how === "allSettled" || how === "any" });

const combined: Expression = (w, place) => {
  const how = combinator(w);
  const inner = branchPlace(place, how);
  const branches = Array.from({ length: w.random.between(2, 3) }, () => promise(w, inner));
  return `Promise.${how}([${branches.join(", ")}])`;
};

/** A few items; how many may depend on what has happened so far. */
export const items = (w: Writer, place: Place): string =>
  w.random.chance(0.3)
    ? `range(1 + pick(${shared(w, place)}, 3))`
    : `[${Array.from({ length: w.random.between(2, 3) }, (_, index) => index).join(", ")}]`;

const mapped: Expression = (w, place) => {
  const how = combinator(w);
  const inner = { ...branchPlace(place, how), times: place.times * 3 };
  return `Promise.${how}(${items(w, place)}${w.random.weighted<Expression>([
    [5, mapClosure],
    [2, mapArrow],
    [1, mapTask],
  ])(w, inner)})`;
};

const mapClosure: Expression = (w, place) => {
  const head = w.random.pick(["async (x) =>", "async function (x)"]);
  return `.map(${head} ${itemBody(w, place, "x")})`;
};

const mapArrow: Expression = (w, place) => {
  w.spend(place.times);
  return `.map((x) => ${taskName(w, place)}(at(${place.path} + ".${w.fresh("")}[" + x + "]")))`;
};

/** The task itself is the callback, so no call of it stands in the source. */
const mapTask: Expression = (w, place) => {
  w.spend(place.times);
  return `.map((x) => at(${place.path} + ".${w.fresh("")}[" + x + "]")).map(${taskName(w, place)})`;
};

/** A function's body for one item. */
export function itemBody(w: Writer, place: Place, item: string): string {
  const path = w.fresh("p");
  const declared = `const ${path} = ${place.path} + ".${w.fresh("")}[" + ${item} + "]";`;
  return functionBody(w, activation(place, { path }), [declared]);
}

/** Each item waits for the one before; only the first closure has nothing durable to wait for. */
const reduced: Expression = (w, place) => {
  const body = itemBody(w, { ...place, times: place.times * 3 }, "x").replace("\n", "\n  await before;\n");
  return `${items(w, place)}.reduce(async (before, x) => ${body}, Promise.resolve())`;
};

// --- through functions

const helperCall: Expression = (w, place) => {
  const helpers = w.callable(place, "promise");
  return helpers.length === 0 ? immediate(w, place) : w.call(w.random.pick(helpers), place);
};

const immediate: Expression = (w, place) => {
  const path = w.fresh("p");
  return `(async () => ${functionBody(w, activation(place, { path }), [`const ${path} = ${place.path} + ".${w.fresh("")}";`])})()`;
};

const keyedCall: Expression = (w, place) =>
  `keyed(${place.path} + "k${w.fresh("")}", () => ${promise(w, activation(place))})`;

const chained: Expression = (w, place) => {
  const first = promise(w, inside(place));
  const next = w.random.pick([
    () => `.then((v) => ${taskName(w, place)}(at(${labelText(w, place)}), v))`,
    () => `.then((v) => [v, c.log.push(${place.path} + ".${w.fresh("")}=" + tag(v))])`,
    () => `.then(async (v) => ${functionBody(w, activation(place, { values: [...place.values, "v"] }), [])})`,
    () => `.catch((error) => ok(at(${labelText(w, place)}), error))`,
    () => `.finally(() => ok(at(${labelText(w, place)})))`,
  ])();
  return first + next;
};

/** A function that is handed to another one, where the compiler cannot see what is called. */
const callback: Expression = (w, place) => {
  const many = { ...place, times: place.times * 3 };
  const path = w.fresh("p");
  const given = w.random.pick([
    () => taskName(w, place),
    () => `(l) => ${taskName(w, place)}(l + "'")`,
    () => `async (${path}) => ${functionBody(w, activation(many, { path }), [])}`,
  ])();
  w.spend(many.times);
  const name = w.random.pick(["each", "together", "passed"]);
  return `${name}(${place.path} + ".${w.fresh("")}", ${items(w, place)}, ${given})`;
};

const generated: Expression = (w, place) => {
  const helpers = w.callable(place, "generator");
  if (helpers.length === 0) return helperCall(w, place);
  return `Promise.${combinator(w)}([...${w.call(w.random.pick(helpers), place)}])`;
};
