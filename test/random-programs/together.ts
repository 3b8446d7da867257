import { callable, constant, declaring, deeper, inCleanUp, labelled, newName, pathOf, type At } from "./context.ts";
import { arrowBody, awaited, promise, value } from "./expressions.ts";
import { functionBody } from "./functions.ts";

type Combinator = "all" | "allSettled" | "race" | "any";

/** Whatever depends on the order in which branches end needs labels. */
const combinator = ({ c, path }: At): Combinator =>
  path === undefined
    ? "all"
    : c.weighted([
        [4, "all"],
        [2, "allSettled"],
        [3, "race"],
        [2, "any"],
      ]);

/** The place of a branch: what it shares with the others it may change only when the order of their calls is given. */
function branch(at: At, how: Combinator): At {
  const caught = how === "allSettled" || how === "any";
  // `any` fails when all branches do
  if (how === "any") at.budget.fails ||= !at.guarded;
  return {
    ...deeper(at),
    quiet: at.path === undefined || at.quiet,
    guarded: at.guarded || caught,
    jumps: [],
    returns: false,
  };
}

/** A promise of several calls at once. Without labels, each settles before the whole does. */
export function together(at: At): string {
  const { c } = at;
  const how = combinator(at);
  const inside = branch(at, how);
  const twice: At = { ...inside, times: at.times * 2 };
  const caught: At = { ...inside, guarded: true };
  const safe = at.path === undefined;
  const list = c.chance(30) ? `range(1 + mix(${value(inside)}) % 3)` : `[${value(inside)}, ${value(inside)}]`;
  return c.weighted<() => string>([
    [3, () => `Promise.${how}([${promise(inside, safe)}, ${promise(inside, safe)}])`],
    [1, () => `settled([${promise(caught)}, ${promise(caught)}, ${value(inside)}])`],
    [2, () => `Promise.${how}(${list}.map(${closure(twice)}))`],
    [1, () => `Promise.${how}(Array.from(${list}, ${closure(twice)}))`],
    [1, () => `Promise.${how}(${list}.flatMap(${closure(twice)}))`],
    [1, () => mapped(twice, how, list)],
    [
      1,
      () => `Promise.${how}(Object.entries({ a: ${value(inside)}, b: 1 }).map(${closure(twice, (x) => `[${x}, w]`)}))`,
    ],
    [
      1,
      () =>
        `(async () => { const [p, q] = [${promise(inside, true)}, ${promise(inside, true)}]; return [await q, await p] })()`,
    ],
    [1, () => `(async () => ${ownBody(inside, safe)})()`],
    [1, () => chained(inside, safe)],
    [1, () => `${list}.reduce(${inTurn(twice, safe)}, Promise.resolve())`],
    [2, () => handedOver(twice, safe)],
    [at.path === undefined ? 0 : 1, () => keyed(inside)],
  ])();
}

/** What is called for each item: an expression or a block. */
function closure(at: At, pattern = (x: string): string => x): string {
  const { c } = at;
  const [x, index] = [newName(at, "x"), at.unique("i")];
  const place = inItem(at, [x], index);
  const result = c.chance(30)
    ? ownBody(place, at.path === undefined)
    : arrowBody(awaited(place, at.path === undefined));
  return `async (${pattern(x)}: any${at.path === undefined ? "" : `, ${index}: any`}) => ${result}`;
}

/** A place in a function of its own, for the item of an index. */
const inItem = (at: At, names: readonly string[], index: string): At => ({
  ...declaring({ ...at, ownArguments: false, async: true, generator: false }, names),
  path: pathOf(at, index),
});

/** The body of an arrow that is called here. */
function ownBody(at: At, safe: boolean): string {
  const budget = Math.max(1, Math.min(5, Math.floor(at.budget.left / at.times)));
  const name = at.unique("b");
  const body = functionBody(
    at,
    { task: false, arrow: true, budget, ...(safe && { safe }) },
    { text: "", names: [] },
    name,
  );
  at.budget.left -= body.cost * at.times;
  at.budget.fails ||= body.fails && !at.guarded;
  return body.text;
}

/** What is called is the callback itself. */
function mapped(at: At, how: Combinator, list: string): string {
  const safe = at.path === undefined;
  const chosen = callable(at, ({ self, fails }) => self === undefined && !(safe && fails));
  if (!chosen) return `Promise.${how}([${promise(at, safe)}])`;
  const labels = safe
    ? ""
    : `.map((_: any, i: any) => ${labelled({ ...at, path: pathOf(at, "i"), quiet: true }, []).join()})`;
  return `Promise.${how}(${list}${labels}.map(${chosen.expr}))`;
}

function chained(at: At, safe: boolean): string {
  const x = at.unique("x");
  const then = declaring({ ...at, ownArguments: false }, [x]);
  const first = (place = at): string => promise(place, safe);
  return at.c.weighted<() => string>([
    [2, () => `${first()}.then((${x}: any) => ${promise(then, safe)})`],
    [
      1,
      () => `${first()}.then((${x}: any) => [${x}, ${at.path === undefined || at.quiet ? value(then) : `log(${x})`}])`,
    ],
    [1, () => `${first({ ...at, guarded: true })}.catch((${x}: any) => ${promise(inCleanUp(then), safe)})`],
    [
      1,
      () =>
        `${first({ ...at, guarded: true })}.then((${x}: any) => ${promise(then, safe)}, (${x}: any) => ${promise(inCleanUp(then), safe)})`,
    ],
    [1, () => `${first()}.finally(() => ${promise({ ...inCleanUp(at), ownArguments: false }, true)})`],
  ])();
}

/** Each item waits for the one before. How many microtasks the first one waits is not given. */
function inTurn(at: At, safe: boolean): string {
  const [x, index] = [newName(at, "x"), at.unique("i")];
  const place = inItem(constant(at), [x], index);
  return `async (before: any, ${x}: any, ${index}: any) => [await before, ${awaited(place, safe)}]`;
}

/** A function that is handed to another one, where the compiler cannot see what is called. */
function handedOver(at: At, safe: boolean): string {
  const given = at.c.pick(["each", "sideBySide", "handedOn"]);
  const chosen = callable(at, ({ self, fails }) => self === undefined && !(safe && fails));
  const f = chosen ? at.c.pick([chosen.expr, `(l: any, x: any) => ${chosen.expr}(l, x)`]) : taking(at, safe);
  return `${given}(${pathOf(at) ?? `""`}, [${value(at)}, 2], ${f})`;
}

/** A closure that is given a label and an item. */
function taking(at: At, safe: boolean): string {
  const [l, x] = [at.unique("path"), at.unique("x")];
  const inside = declaring({ ...at, path: at.path && l, ownArguments: false, async: true, generator: false }, [x]);
  return `async (${l}: any, ${x}: any) => ${arrowBody(awaited(inside, safe))}`;
}

const keyed = (at: At): string => `keyed(${pathOf(at) ?? ""}, () => ${promise({ ...at, ownArguments: false })})`;
