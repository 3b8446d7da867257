import { free, type At } from "./context.ts";
import { arrow, one, signature, type Declaration, type Maker } from "./declaration.ts";
import { functionBody, params, type Kind } from "./functions.ts";
import { memberForms } from "./members.ts";

/** An exported declaration at the top of a module, of something durable of the given kind; `export ` is left out of the text's beginning. */
export function moduleLevel(at: At, kind: Kind, prefix: string): Declaration {
  const name = at.unique(prefix);
  let count = 0;
  const fn: Maker["fn"] = (more = {}, self = false) => {
    const list = params(at, kind.task, self);
    const body = functionBody(at, { ...kind, ...more }, list, `${name}${count++}`);
    return { ...list, ...body, text: `(${list.text})\0${body.text}` };
  };
  return at.c.pick(forms)({ at, name, fn, task: kind.task, sep: at.style.semicolons ? ";" : at.style.newline });
}

const declaration = (maker: Maker): Declaration => {
  const body = maker.fn({}, true);
  return one(maker, `async function ${maker.name}${signature(body)}`, body);
};

const overloads = (maker: Maker): Declaration => {
  const body = maker.fn();
  const { name } = maker;
  return one(
    maker,
    `async function ${name}(x: string): Promise<string>;\nexport async function ${name}(...x: any[]): Promise<any>;\nexport async function ${name}${signature(body)}`,
    body,
  );
};

const arrowFunction = (maker: Maker): Declaration => {
  const body = maker.fn({ arrow: true });
  return one(
    maker,
    `const ${maker.name} = async ${maker.at.c.pick(["", "<T,>", "<const T extends object = {}>"])}${arrow(body)}`,
    body,
  );
};

const expression = (maker: Maker): Declaration => {
  const body = maker.fn();
  return one(
    maker,
    `const ${maker.name} = async function ${maker.at.c.pick(["", "self", maker.name])}${signature(body)}`,
    body,
  );
};

const wrapped = (maker: Maker): Declaration => {
  const body = maker.fn({ arrow: true });
  const { name, at, task } = maker;
  const text = `async ${arrow(body)}`;
  const wrap = at.c.pick([
    `same(${text})`,
    `(${text}) satisfies unknown`,
    `<any>(${text})`,
    `(same(false) || (${text})) as any`,
    `same({ k: ${text} }).k`,
    `[${text}][0]!`,
    task ? `taskOptions(${text}, ${at.path === undefined ? "{ retries: 0 }" : "{}"})` : text,
  ]);
  return one(maker, `const ${name} = ${wrap}`, body);
};

const factory = (maker: Maker): Declaration => {
  const body = maker.fn({ arrow: true });
  const { name, sep } = maker;
  return one(
    maker,
    `const ${name} = make${name}("k")${sep}\nfunction make${name}(k: any) { return async ${arrow(body)} }`,
    body,
  );
};

const table = (maker: Maker): Declaration => {
  const { name, fn } = maker;
  const [a, b] = [fn({ arrow: true }), fn()];
  const text = `const ${name} = new Map<string, any>([["a", async ${arrow(a)}], ["b", async function ${signature(b)}]])`;
  return {
    text,
    name,
    callables: [free(name, a, `${name}.get("a")!`), free(name, b, `${name}.get("b")`)],
  };
};

const destructured = (maker: Maker): Declaration => {
  const { name, fn } = maker;
  const a = fn({ arrow: true });
  const text = `async ${arrow(a)}`;
  return one(
    maker,
    maker.at.c.pick([
      `const { ${name} } = { ${name}: ${text} }`,
      `const { k: ${name} = ${text} } = {} as any`,
      `const [${name} = ${text}]: any[] = []`,
      `let ${name}: any = ${text}`,
    ]),
    a,
  );
};

const forms: readonly ((maker: Maker) => Declaration)[] = [
  declaration,
  arrowFunction,
  expression,
  overloads,
  wrapped,
  factory,
  table,
  destructured,
  ...memberForms,
];
