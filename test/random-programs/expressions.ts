import {
  callable,
  deeper,
  newName,
  declaring,
  labelled,
  labelOf,
  shielded,
  type At,
  type Callable,
} from "./context.ts";
import { together } from "./together.ts";

/** An expression without a call of anything durable. */
export function value(at: At): string {
  const { c } = at;
  const sees = at.path !== undefined && !at.quiet;
  const leaf = (): string => {
    if (sees && c.chance(15)) return c.pick(["history().length", "mix(history())"]);
    return at.values.length > 0 && c.chance(70)
      ? c.pick(at.values)
      : c.pick([
          "1",
          "2",
          `"a"`,
          "true",
          "null",
          "undefined",
          "[3]",
          "E.Two",
          "`t`",
          "{ k: 4 }.k",
          "0x1f",
          "/[/)}]/.source",
        ]);
  };
  if (at.depth <= 0) return leaf();
  const inner = (): string => value(deeper(at));
  return c.weighted<() => string>([
    [12, leaf],
    [1, () => `\`\${${inner()}}-}\``],
    [1, () => `[${inner()}, ...[${inner()}]]`],
    [1, () => `{ k: ${inner()}, ["l"]: ${inner()} }`],
    [1, () => `(${inner()}, ${inner()})`],
    [1, () => `(odd(${inner()}) ? ${inner()} : ${inner()})`],
    [1, () => `mix(${inner()}, ${inner()})`],
    [1, () => `(${inner()} ?? ${inner()})`],
    [1, () => `typeof ${at.values.length > 0 ? c.pick(at.values) : "mix"}`],
    [1, () => `(${inner()} as any)?.k`],
    [1, () => shadowing(at)],
    [1, () => (at.ownArguments ? "arguments.length" : at.path && at.quiet ? "0" : `${at.out}.length`)],
    [1, () => `Object.keys(${inner()} ?? {})`],
    [1, () => `((...[p = ${inner()}, { k } = { k: 2 }]: any[]) => [p, k])(${inner()})`],
    [1, () => `new (class { k = ${value({ ...deeper(at), ownArguments: false })}; get l() { return this.k } })().l`],
  ])();
}

/** A function that is not durable, and whose parameter may have the name of one that is. */
function shadowing(at: At): string {
  const name = newName(at, "s");
  return `((${name}: any) => ${arrowBody(value(declaring(deeper(at), [name])))})(${value(deeper(at))})`;
}

/** An expression as the body of an arrow. */
export const arrowBody = (text: string): string => (text.startsWith("{") ? `(${text})` : text);

/** Some arguments, always at least one: the label of the call, when it has one. */
export function args(at: At, { task }: Pick<Callable, "task">): string[] {
  const given = Array.from({ length: 1 + at.c.below(3) }, () => value(deeper(at)));
  // a task is called with what the log is then, though it may be tried again later
  const live = at.path !== undefined && task && !at.quiet && at.c.chance(30);
  return labelled(at, live ? ["history()"] : given);
}

/** A promise of what something durable comes to; with `safe`, one that is not rejected. It is never settled by anything else, where calls have labels. */
export function promise(at: At, safe = false): string {
  const { c, path } = at;
  if (path !== undefined && !safe && at.depth > 0 && c.chance(35)) return together(deeper(at));
  if (at.depth > 0 && c.chance(path === undefined ? 2 : 5))
    return `shield(() => ${promise(shielded({ ...deeper(at), ownArguments: false }), safe)})`;
  const chosen =
    path !== undefined && c.chance(12) ? undefined : callable(at, safe ? ({ fails }) => !fails : undefined);
  if (!chosen) return path === undefined ? `Promise.resolve(${value(at)})` : wait(at, safe);
  const given = args(at, chosen);
  return at.depth <= 0 || c.chance(50) ? call(chosen, given, at) : roundabout(chosen, given, at);
}

/** Waits for a time, or for somebody to answer. */
export function wait(at: At, safe = false): string {
  const { c } = at;
  at.budget.left -= at.times;
  const label = labelOf(at);
  return c.weighted([
    [4, `sleep(dur(${label}))`],
    [2, `signal(sig(${label}))`],
    [at.guarded && !safe ? 1 : 0, `signal(sig(${label}), { timeout: ${c.between(1, 60)} })`],
  ]);
}

/** A call in one of the ways that JavaScript has for it. */
function call({ expr, self, name }: Callable, given: readonly string[], { c, style, path }: At): string {
  const list = given.join(c.pick([", ", ",", style.comments ? ", /* ) */ " : ", "]));
  const [first = "1", ...rest] = given;
  const bound = self ?? c.pick(["undefined", "null", "{ k: 1 }"]);
  const key = /\.(\w+)$/.exec(expr);
  return c.weighted<() => string>([
    [12, () => `${expr}(${list})`],
    [1, () => `${expr}(${list},)`],
    [1, () => `${expr}?.(${list})`],
    [1, () => `(${expr})(${list})`],
    [1, () => `${expr}!(${list})`],
    [1, () => `(${expr} as any)(${list})`],
    [1, () => `${expr}<any>(${list})`],
    [1, () => `${expr}(...[${list}])`],
    [2, () => `${expr}.call(${bound}, ${list})`],
    [2, () => `${expr}.apply(${bound}, [${list}])`],
    [1, () => `${expr}.bind(${bound}, ${first})(${rest.join(", ")})`],
    [1, () => `Reflect.apply(${expr}, ${bound}, [${list}])`],
    [1, () => `((f: any) => f.call(${bound}, ${list}))(${expr})`],
    [1, () => `[${first}].map(${expr}, ${bound})[0]!`],
    [1, () => (key && self ? `${expr.slice(0, key.index)}["${key[1] ?? ""}"](${list})` : `[${expr}][0](${list})`)],
    [
      1,
      () =>
        key && self
          ? `${expr.slice(0, key.index)}${self === "this" ? "" : "?"}.${key[1] ?? ""}(${list})`
          : `({ ${name}: ${expr} }).${name}(${list})`,
    ],
    [1, () => (self ? `(${expr})(${list})` : `(0, ${expr})(${list})`)],
    [1, () => (self ? `${expr}(${list})` : `(${path === undefined ? first : 1} ? ${expr} : ${expr})(${list})`)],
    [1, () => (self ? `${expr}(${list})` : `(${expr} ?? mix)(${list})`)],
    [1, () => (self || path !== undefined ? `${expr}(${list})` : `${expr}\`a\${${first}}b\\n\``)],
  ])();
}

/** A call by way of something else. */
function roundabout(chosen: Callable, given: readonly string[], at: At): string {
  const { c } = at;
  const direct = call(chosen, given, deeper(at));
  const below = deeper(at);
  // a function that looks at what is shared is called at once, so that the number of microtasks does not matter
  const early = at.path !== undefined && (chosen.logs || chosen.self === "this");
  const [first = ""] = at.path === undefined ? [value(below)] : given;
  return c.weighted<() => string>([
    [2, () => `(async () => ${direct})()`],
    [1, () => `(async () => { return await ${direct} })()`],
    [
      1,
      () =>
        chosen.self === "this"
          ? direct
          : `(async function (this: any, x: any) { return [await ${call(chosen, given, below)}, typeof this, x, arguments.length] }).call({ k: 1 }, ${value(below)})`,
    ],
    [1, () => `(() => ${direct})()`],
    [1, () => `(function () { return ${chosen.self === "this" ? "mix(1)" : direct} })()`],
    [1, () => `invoke(() => ${direct})`],
    [1, () => `invoke(async (x: any) => { const y = await ${direct}; return [x, y] }, ${value(below)})`],
    [
      1,
      () =>
        early
          ? direct
          : `Promise.resolve(${first}).then((x) => ${chosen.self === "this" ? direct : `${chosen.expr}${chosen.self ? `.call(${chosen.self}, x)` : "(x)"}`})`,
    ],
    [1, () => `${direct}.then((x: any) => [x])`],
    [1, () => `keyed(${JSON.stringify(at.unique("key"))}, () => ${direct})`],
    [1, () => `${direct}.finally(() => {})`],
    [1, () => `new Promise((resolve, reject) => void ${direct}.then(resolve, reject))`],
    [1, () => `Promise.race([${direct}, new Promise(() => {})])`],
    [
      1,
      () =>
        `Promise.any([Promise.reject(new Error("never seen")), ${direct}]).catch((e: any) => { throw e.errors.at(-1) })`,
    ],
    [1, () => (chosen.self === undefined ? `invoke(${chosen.expr}, ${given.join(", ")})` : direct)],
    [1, () => (chosen.self === undefined && !early ? `Promise.resolve(${first}).then(${chosen.expr})` : direct)],
    [1, () => `(async ({ k = 5 }: any = {}) => [k, await ${direct}])(${value(below)} ?? undefined)`],
  ])();
}

/** An expression with an `await` in it; with `safe`, one that does not fail. */
export function awaited(at: At, safe = false): string {
  const { c } = at;
  const below = deeper(at);
  const simple = (): string => `await ${promise(at, safe)}`;
  if (at.depth <= 0) return simple();
  const inner = (): string => awaited(below, safe);
  return c.weighted<() => string>([
    [12, simple],
    [3, () => `await ${together(below)}`],
    [1, () => `\`\${${inner()}}\${${value(below)}}\``],
    [1, () => `raw\`<\${${inner()}}>\``],
    [1, () => `[${inner()}, ${value(below)}]`],
    [1, () => `{ k: ${inner()}, [\`l\${mix(${inner()})}\`]: 1 }`],
    [1, () => `mix(${value(below)}, ${inner()}, ${inner()})`],
    [1, () => `(odd(${value(below)}) ? ${inner()} : ${inner()})`],
    [1, () => `(${inner()}, ${inner()})`],
    [1, () => (at.path === undefined ? `(${value(below)} && ${inner()})` : inner())],
    [1, () => `((${inner()}) ?? ${inner()})`],
    [1, () => `(${inner()} as any)?.k`],
    [1, () => `typeof (${inner()})`],
    [1, () => `new Holder(${inner()}).held`],
    [1, () => `[...[${inner()}]]`],
    [1, () => `(await ${promise(below, safe)})`],
    [1, () => `((x: any, { length } = [x]) => [x, length])(${inner()})`],
    [
      1,
      () =>
        `await (async (x = ${value(below)}, ...more: any[]) => [x, more, ${awaited({ ...below, generator: false, async: true, ownArguments: false }, safe)}])(${inner()})`,
    ],
  ])();
}
