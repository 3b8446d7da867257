import { call, promise, shared, taskName } from "./expressions.ts";
import { statements, type Statement } from "./statements.ts";
import { block, inside, type Place, type Writer } from "./writer.ts";

interface Head {
  /** In front of the loop, below any label. */
  readonly before: readonly string[];
  /** `for (const x of [0, 1])` */
  readonly text: string;
  /** What tells one iteration from another. */
  readonly index: string;
  /** First in the body. */
  readonly first?: readonly string[];
  /** `while (…)` of a do loop. */
  readonly tail?: string;
}

const iterations = (w: Writer): number => w.random.between(1, 3);

export const loop: Statement = (w, place) => {
  if (w.random.chance(0.12)) return [oneLine(w, place)];
  return written(
    w,
    place,
    w.random.weighted<(w: Writer, place: Place) => Head>([
      [3, forCount],
      [3, forOf],
      [1, forIn],
      [2, whileCount],
      [2, doCount],
      [1, forEver],
      [1, whileAwaited],
    ])(w, place),
  );
};

/** `for await` over a generator that calls tasks, or over promises. */
export const awaitedLoop: Statement = (w, place) => written(w, place, forAwait(w, place));

function written(w: Writer, place: Place, head: Head): string[] {
  const label = w.random.chance(0.3) ? w.fresh("loop") : "";
  const path = w.fresh("p");
  const inner = inside(place, { path, times: place.times * 2, loops: [...place.loops, label] });
  const declared = `const ${path} = ${place.path} + ".${w.fresh("")}[" + ${head.index} + "]";`;
  const body = block([...(head.first ?? []), declared, ...statements(w, inner, w.random.between(1, 3))]);
  return [...head.before, `${label === "" ? "" : `${label}: `}${head.text} ${body}${head.tail ?? ""}`];
}

const oneLine = (w: Writer, place: Place): string => {
  w.spend(place.times * 2);
  return `for (const x of range(${iterations(w)})) await ${taskName(w, place)}(at(${place.path} + ".${w.fresh("")}[" + x + "]"));`;
};

const forCount = (w: Writer): Head => {
  const i = w.fresh("i");
  return { before: [], text: `for (let ${i} = 0; ${i} < ${iterations(w)}; ${i}++)`, index: i };
};

const forOf = (w: Writer, place: Place): Head => {
  const x = w.fresh("x");
  const over = w.random.chance(0.4)
    ? `range(1 + pick(${shared(w, place)}, 3))`
    : `["a", "b", "c"].slice(0, ${iterations(w)})`;
  return { before: [], text: `for (const ${x} of ${over})`, index: x };
};

const forIn = (w: Writer): Head => {
  const key = w.fresh("key");
  return { before: [], text: `for (const ${key} in { a: 1, b: 2 })`, index: key };
};

const whileCount = (w: Writer): Head => {
  const [i, n] = [w.fresh("i"), w.fresh("n")];
  return {
    before: [`let ${i} = 0;`],
    text: `while (${i} < ${iterations(w)})`,
    index: n,
    first: [`const ${n} = ${i}++;`],
  };
};

const doCount = (w: Writer): Head => {
  const [i, n] = [w.fresh("i"), w.fresh("n")];
  return {
    before: [`let ${i} = 0;`],
    text: "do",
    index: n,
    first: [`const ${n} = ${i}++;`],
    tail: ` while (${i} < ${iterations(w)});`,
  };
};

const forEver = (w: Writer): Head => {
  const i = w.fresh("i");
  return {
    before: [],
    text: `for (let ${i} = 0; ; ${i}++)`,
    index: i,
    first: [`if (${i} >= ${iterations(w)}) break;`],
  };
};

/** The test itself is a durable call. */
const whileAwaited = (w: Writer, place: Place): Head => {
  const i = w.fresh("i");
  w.spend(place.times * 3);
  const test = `${taskName(w, place)}(at(${place.path} + ".${w.fresh("")}[" + ${i} + "]"))`;
  return { before: [`let ${i} = 0;`], text: `while (${i}++ < 3 && pick(await ${test}, 3) > 0)`, index: i };
};

function forAwait(w: Writer, place: Place): Head {
  const [i, n, x] = [w.fresh("i"), w.fresh("n"), w.fresh("x")];
  const counted = {
    before: [`let ${i} = 0;`],
    index: n,
    first: [`const ${n} = ${i}++;`, `c.log.push(${n} + tag(${x}));`],
  };
  return { ...counted, text: `for await (const ${x} of ${awaitedItems(w, place)})` };
}

function awaitedItems(w: Writer, place: Place): string {
  const generators = [...w.callable(place, "async generator"), ...w.callable(place, "generator")];
  if (generators.length > 0 && w.random.chance(0.7)) return w.call(w.random.pick(generators), place);
  const inner = inside(place);
  return `quiet([${call(w, inner)}, ${promise(w, inner)}])`;
}
