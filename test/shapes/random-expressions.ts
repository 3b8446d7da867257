import { callable, deeper, newName, declaring, type At, type Callable } from "./random-context.ts";

/** An expression without a call of anything durable. */
export function value(at: At): string {
  const { c } = at;
  const leaf = (): string =>
    at.values.length > 0 && c.chance(70)
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
    [1, () => (at.ownArguments ? "arguments.length" : `${at.out}.length`)],
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

/** Some arguments, always at least one. */
function args(at: At): string[] {
  const count = 1 + at.c.below(3);
  return Array.from({ length: count }, () => value(deeper(at)));
}

/** A promise of what something durable comes to; with `safe`, one that is not rejected. */
export function promise(at: At, safe = false): string {
  const chosen = callable(at, safe ? ({ fails }) => !fails : undefined);
  if (!chosen) return `Promise.resolve(${value(at)})`;
  if (at.depth <= 0 || at.c.chance(50)) return call(chosen, args(at), at);
  return roundabout(chosen, args(at), at);
}

/** A call in one of the ways that JavaScript has for it. */
function call({ expr, self, name }: Callable, given: readonly string[], { c, style }: At): string {
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
    [1, () => (self ? `${expr}(${list})` : `(${first} ? ${expr} : ${expr})(${list})`)],
    [1, () => (self ? `${expr}(${list})` : `(${expr} ?? mix)(${list})`)],
    [1, () => (self ? `${expr}(${list})` : `${expr}\`a\${${first}}b\\n\``)],
  ])();
}

/** A call by way of something else. */
function roundabout(chosen: Callable, given: readonly string[], at: At): string {
  const { c } = at;
  const direct = call(chosen, given, deeper(at));
  const below = deeper(at);
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
        `Promise.resolve(${value(below)}).then((x) => ${chosen.self === "this" ? direct : `${chosen.expr}${chosen.self ? `.call(${chosen.self}, x)` : "(x)"}`})`,
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
    [1, () => (chosen.self === undefined ? `Promise.resolve(${value(below)}).then(${chosen.expr})` : direct)],
    [1, () => `(async ({ k = 5 }: any = {}) => [k, await ${direct}])(${value(below)} ?? undefined)`],
  ])();
}

/** Several calls at once; each settles before the whole does. */
export function together(at: At): string {
  const inside: At = { ...deeper(at), concurrent: true, jumps: [], returns: false };
  const twice: At = { ...inside, times: at.times * 2 };
  const { c } = at;
  const x = newName(at, "x");
  const result = (): string =>
    awaited(declaring({ ...twice, ownArguments: false, async: true, generator: false }, [x]), true);
  const branch = (): string => `async (${x}: any) => ${arrowBody(result())}`;
  const list = `[${value(inside)}, ${value(inside)}]`;
  return c.weighted<() => string>([
    [2, () => `Promise.all([${promise(inside, true)}, ${promise(inside, true)}])`],
    [2, () => `settled([${promise(inside)}, ${promise(inside)}, ${value(inside)}])`],
    [2, () => `Promise.all(${list}.map(${branch()}))`],
    [1, () => `Promise.all(Array.from(${list}, ${branch()}))`],
    [1, () => `Promise.all(${list}.flatMap(${branch()}))`],
    [1, () => mapped(twice, list)],
    [
      1,
      () =>
        `Promise.all(Object.entries({ a: ${value(inside)}, b: 1 }).map(async ([${x}, w]: any) => [w, ${result()}]))`,
    ],
    [
      1,
      () =>
        `(async () => { const [p, q] = [${promise(inside, true)}, ${promise(inside, true)}]; return [await q, await p] })()`,
    ],
  ])();
}

function mapped(at: At, list: string): string {
  const chosen = callable(at, ({ self, fails }) => self === undefined && !fails);
  return chosen ? `Promise.all(${list}.map(${chosen.expr}))` : `Promise.all(${list})`;
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
    [1, () => `(${value(below)} && ${inner()})`],
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
