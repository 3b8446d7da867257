import { free, member, pathOf, type At, type Callable } from "./context.ts";
import { arrow, signature, type Declaration, type Maker } from "./declaration.ts";

/** What a method that is given `x` passes on: `x`, or `other` in its place, or a label that begins with the label `x`. */
const passing = (at: At, other = "x"): string =>
  at.path === undefined ? other : `at(${pathOf({ ...at, path: "x" }) ?? ""})`;

const object = (maker: Maker): Declaration => {
  const { name, fn, at } = maker;
  const [a, b, d, e] = [fn(), fn({ arrow: true }), fn(), fn()];
  const spread = at.c.pick(["", ", ...{ l: 1 }", ", ...(same(false) as any)", ", ...{ quoted: undefined }"]);
  const text = `const ${name} = { k: 2, async run${signature(a)}, go: async ${arrow(b)}, deep: { "odd-key": async function ${signature(d)} }, async "quoted"${signature(e)}${spread} }`;
  const quoted = spread.includes("quoted") ? [] : [free(name, e, `${name}["quoted"]`)];
  return {
    text,
    name,
    callables: [
      member(name, name, "run", a),
      member(name, name, "go", b),
      free(name, d, `${name}.deep["odd-key"]`),
      ...quoted,
    ],
  };
};

const classes = (maker: Maker): Declaration => {
  const { name, fn, at, sep } = maker;
  const base = fn();
  const inner: Callable = member(name, "this", "#hidden", base);
  const above: Callable = { ...free(name, base, "super.run"), self: "this" };
  const run = fn({ also: [inner, above] }, true);
  const [hidden, fixed, field, staticField] = [fn(), fn(), fn({ arrow: true }), fn({ arrow: true })];
  const decorated = at.c.chance(15) ? "@decorated " : "";
  const text = [
    `class ${name} extends (class Base${name}<T> { constructor(protected readonly k: T, public l: any = 2) {}${at.style.newline}async run${signature(base)} }) {`,
    `declare m: string${sep}  n?: number${sep}  [key: \`x\${string}\`]: any${sep}`,
    `  field = async ${arrow(field)}${sep}`,
    `  static fixed2 = async ${arrow(staticField)}${sep}`,
    `  ${decorated}override async run${signature(run)}${sep}`,
    `  async #hidden${signature(hidden)}`,
    `  static async fixed${signature(fixed)}`,
    `  reveal(x: any) { return this.#hidden(x) }`,
    `  get lazy() { return this.field(3) }`,
    `  async *items(x: any) { yield await this.run(${passing(at)})${sep} yield* [await this.#hidden(${passing(at)}), 2] }`,
    `  accessor kept = async (x: any) => [x, await this.run(x)]${sep}`,
    `  static { this.prototype.l ??= 3 } }`,
  ].join("\n");
  const made = `new ${name}(1)`;
  return {
    text,
    name,
    callables: [
      member(name, made, "run", run),
      member(name, made, "reveal", hidden),
      member(name, made, "field", field),
      member(name, name, "fixed", fixed),
      free(name, staticField, `${name}.fixed2`),
      { ...free(name, field, `(async () => ${made}.lazy)`), withoutArguments: true },
      member(name, made, "kept", run),
      {
        name,
        expr: `(async (x: any) => { const all: any[] = []${sep} for await (const y of ${made}.items(x)) all.push(y)${sep} return all })`,
        cost: run.cost + hidden.cost,
        fails: run.fails || hidden.fails,
        logs: run.logs || hidden.logs,
        task: false,
      },
    ],
  };
};

const namespace = (maker: Maker): Declaration => {
  const { name, fn, sep } = maker;
  const [a, b, d] = [fn(), fn({ arrow: true }), fn()];
  const text = `namespace ${name} { export async function run${signature(a)}\nexport const go = async ${arrow(b)}${sep}\nexport namespace Deep { export async function run${signature(d)} } }`;
  return {
    text,
    name,
    callables: [free(name, a, `${name}.run`), free(name, b, `${name}.go`), free(name, d, `${name}.Deep.run`)],
  };
};

/** An object whose prototype has the method too, with what else an object literal can hold. */
const literal = (maker: Maker): Declaration => {
  const { name, fn, sep, at } = maker;
  const base = fn();
  const run = fn({ also: [{ ...free(name, base, "super.run"), self: "this" }] });
  const text = [
    `const ${name} = { __proto__: { async run${signature(base)} }`,
    `async run${signature(run)}`,
    "get lazy() { return this.run(4) }",
    `*both(x: any) { yield this.run(${passing(at)})${sep} yield this.run(${passing(at, "2")}) }`,
    `async ["comp" + "uted"](x: any) { return [await this.run(x)] } } as any`,
  ].join(", ");
  return {
    text,
    name,
    callables: [
      member(name, name, "run", run),
      member(name, name, "computed", run),
      { ...free(name, run, `(async () => ${name}.lazy)`), withoutArguments: true },
      {
        ...free(name, run),
        cost: run.cost * 2,
        expr: `(async (x: any) => { const all: any[] = []${sep} for (const y of ${name}.both(x)) all.push(await y)${sep} return all })`,
      },
    ],
  };
};

/** A function that is called with `new`. */
const old = (maker: Maker): Declaration => {
  const { name, fn, task } = maker;
  const inner = fn({ arrow: true });
  const checked = `if (new.target === undefined) throw new Error("new")`;
  const text = `const ${name} = function (this: any, x: any) { ${checked}; const run = async ${arrow(inner)}; this.work = run(x); this.kind = new.target.name } as any`;
  return {
    text,
    name,
    callables: [
      {
        ...free(name, inner),
        logs: task ? false : inner.logs,
        expr: `(async (x: any) => { const made = new ${name}(x); return [await made.work, made.kind] })`,
      },
    ],
  };
};

export const memberForms: readonly ((maker: Maker) => Declaration)[] = [object, classes, namespace, literal, old];
