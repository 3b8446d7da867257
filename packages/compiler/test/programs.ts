import fc from "fast-check";

interface Style {
  readonly semicolons: boolean;
  readonly comments: boolean;
  readonly newline: string;
}

interface At {
  readonly depth: number;
  readonly style: Style;
  readonly unique: () => string;
  readonly helper: number;
  readonly label: string | undefined;
}

type Statement = (at: At) => string;

const value = fc.constantFrom(
  "1",
  "v",
  "out.length",
  "v + 1",
  "(1, 2)",
  "`${v}`",
  "{ a: v }.a",
  "[...[v]][0]",
  "((x) => x)(v)",
);
const calls = fc.constantFrom(
  "t",
  "api.run",
  "Box.make",
  "new Box().run",
  "alias",
  "t?.",
  "arrow",
  "api['key']",
  "this.self ?? t",
);

const awaited = fc
  .tuple(calls, value, fc.boolean())
  .map(
    ([callee, arg, comma]) =>
      `await (${callee === "t?." ? "t?." : callee.includes("??") ? `(${callee})` : callee}(${arg}${comma ? "," : ""}))`,
  );

type MakeLoop = (make: (body: string, name: string, label: string) => string) => fc.Arbitrary<Statement>;

/** Loops whose header is moved by the compiler. */
const moving = (loop: MakeLoop): fc.Arbitrary<Statement>[] => [
  loop((body, name, label) => `${label}for (const { a: ${name} = await t(v), ...rest } of [{}, { a: 2 }]) ${body}`),
  loop((body, name, label) => `{ const ${name} = {}; ${label}for ([${name}.x = await t(v)] of [[], [v]]) ${body} }`),
];

function statements(inner: fc.Arbitrary<Statement>, moves: boolean): fc.Arbitrary<Statement> {
  const loop: MakeLoop = (make) =>
    fc
      .tuple(inner, fc.boolean(), fc.boolean(), fc.constantFrom("continue", "break"))
      .map(([body, block, labelled, jump]) => (at: At) => {
        const name = at.unique();
        const label = labelled ? `l${name}` : undefined;
        const text = body({ ...at, depth: at.depth + 1, label });
        const jumpText = label ? end(at.style, `if (out.length % 5 === 4) ${jump} ${label}`) : "";
        return make(
          block || jumpText ? `{ ${text}${at.style.newline}${jumpText} }` : text,
          name,
          label ? `${label}: ` : "",
        );
      });
  return fc.oneof(
    loop((body, name, label) => `${label}for (const v of [1, ${name.length}]) ${body}`),
    loop((body, name, label) => `${label}for (let ${name} = 0; ${name} < 2; ${name}++) ${body}`),
    loop((body, name, label) => `{ var ${name} = 0; ${label}while (${name}++ < 2) ${body} }`),
    loop((body, name, label) => `{ var ${name} = 0; ${label}while (${name}++, (await t(${name})) < 3) ${body} }`),
    loop((body, name, label) => `{ var ${name} = 0; ${label}do ${body} while (${name}++ < 1) }`),
    loop((body, _, label) => `${label}for await (const v of stream(2)) ${body}`),
    loop((body, name, label) => `${label}for (const ${name} in { a: 1 }) ${body}`),
    fc.tuple(inner, inner).map(
      ([a, b]) =>
        (at: At) =>
          `if (out.length % 2) ${a(at)}${at.style.newline}else ${b(at)}`,
    ),
    fc.tuple(inner, inner, fc.boolean()).map(
      ([a, b, fails]) =>
        (at: At) =>
          `try { ${a(at)}${at.style.newline}${fails ? end(at.style, "throw new Error('x')") : ""} } catch (e) { out.push(e.message)${at.style.newline}${b(at)} } finally { out.push("f") }`,
    ),
    fc.tuple(inner, inner).map(
      ([a, b]) =>
        (at: At) =>
          `switch (out.length % 2) { case 0: ${a(at)}${at.style.newline}break${at.style.newline}default: ${b(at)} }`,
    ),
    fc.tuple(inner, inner).map(
      ([a, b]) =>
        (at: At) =>
          `{ ${a(at)}${at.style.newline}${b(at)} }`,
    ),
    ...(moves ? moving(loop) : []),
    fc.tuple(inner, inner).map(
      ([a, b]) =>
        (at: At) =>
          `switch (await t(out.length % 3)) { case await t(0): ${a({ ...at, label: undefined })}${at.style.newline}async function late(v) { "use task"; return [v] } case 1: out.push(await late(v))${at.style.newline}break${at.style.newline}default: { ${b({ ...at, label: undefined })} } }`,
    ),
    inner.map(
      (body) => (at: At) =>
        `out.push(...(await (async function (v, w = t(v), { x = t("x") } = {}) { const out = [await w, await x, arguments.length]${at.style.newline}${body({ ...at, label: undefined })}${at.style.newline}return out }).call(this, v)))${at.style.newline}`,
    ),
    inner.map(
      (body) => (at: At) =>
        `for (const key of ["a", "b"]) { const C = class extends Box { async [key](v) { "use task"; return [await super.run(v), arguments.length, C.name] } *all(v) { yield t(super.toString === undefined); yield this[key](v) } }${at.style.newline}out.push(...(await Promise.all(new C().all(3))), C.prototype[key].name)${at.style.newline}${body({ ...at, label: undefined })} }`,
    ),
    inner.map((body) => (at: At) => end(at.style, `await (async (v) => { ${body({ ...at, label: undefined })} })(7)`)),
    inner.map(
      (body) => (at: At) =>
        end(
          at.style,
          `for (const f of [1].map((w) => async function (v) { ${body({ ...at, label: undefined })} })) await f.call(this, 3)`,
        ),
    ),
  );
}

const end = (style: Style, text: string): string =>
  `${text}${style.semicolons ? ";" : ""}${style.comments ? " /* ; ) } */" : ""}${style.newline}`;

const leaf: fc.Arbitrary<Statement> = fc.oneof(
  value.map(
    (x) =>
      ({ style }: At) =>
        end(style, `out.push(await t\`a\${${x}}\`, await api.run\`b\`)`),
  ),
  awaited.map(
    (call) =>
      ({ style }: At) =>
        end(style, `out.push(${call})`),
  ),
  fc.nat(9).map(
    (n) =>
      ({ style, helper }: At) =>
        end(style, helper === 0 ? "out.push('leaf')" : `out.push(await h${n % helper}(v))`),
  ),
  awaited.map(
    (call) =>
      ({ style }: At) =>
        end(style, `var length = [${call}].length`),
  ),
);

const statement = (moves: boolean): fc.Arbitrary<Statement> =>
  fc.letrec<{ statement: Statement }>((tie) => ({
    statement: fc.oneof(
      { maxDepth: 4, depthIdentifier: `program ${moves}` },
      leaf,
      statements(tie("statement"), moves),
    ),
  })).statement;

const style = fc.record({
  semicolons: fc.boolean(),
  comments: fc.boolean(),
  newline: fc.constantFrom("\n", "\n  ", "\r\n", "\n// note\n"),
});

/** Random programs: tasks, helpers that call each other, and a workflow `main` that returns a log of its calls. */
const make = (moves: boolean): fc.Arbitrary<string> =>
  fc
    .tuple(style, fc.array(fc.array(statement(moves), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }))
    .map(([style, bodies]) => {
      let count = 0;
      const unique = (): string => `n${count++}`;
      const text = bodies.map((body, helper) => {
        const inside = body
          .map((each) => each({ depth: 0, style, unique, helper, label: undefined }))
          .join(style.newline);
        if (helper === bodies.length - 1)
          return `export async function main(v = 1) { "use workflow"${style.newline}const out = []${style.newline}${inside}${style.newline}return out }`;
        return `async function h${helper}(v) {${style.newline}const out = []${style.newline}${inside}${style.newline}return out }`;
      });
      return `${header}${text.join("\n")}\n`;
    });

export const programs = make(true);

/** Random programs in which the compiler moves nothing. */
export const unmovedPrograms = make(false);

const header = `
async function t(x, ...more) { "use task"; log(x); return typeof x === "number" ? x : 5 }
const alias = t, arrow = async x => { "use task"; return [x] };
const api = { n: 1, async run(x) { "use task: retries=1"; return this.n }, key: async function (x = 4) { "use task"; return [this === api, x] } };
class Box { async run(x) { "use task"; return this instanceof Box } static async make(x) { return this.name + await t(x) } }
async function* stream(n) { for (let i = 0; i < n; i++) { const got = yield await t(i); log(got) } }
`;
