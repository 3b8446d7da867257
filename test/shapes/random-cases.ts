import type { Program } from "../random-programs/program.ts";

const world = `import { begin, done, give, log, seen } from "world";`;

const flow = `export async function flow(n: any) { "use workflow: id=w"; begin(); return main(n) }`;

/** Programs that once did something else when they were compiled. */
export const cases: Readonly<Record<string, Program>> = {
  "the arguments of a workflow": {
    "main.ts": `${world}
export async function main(n: any) { return done([arguments.length, arguments[0], await t(n, 2, 3)]) }
export async function flow(n: any) { "use workflow: id=w"; begin(); return done([arguments.length, arguments[0], await t(n, 2, 3)]) }
async function t(x: any) { "use task"; seen("t", x); return [x, ...arguments] }`,
  },
  "a method that a spread replaces": {
    "main.ts": `${world}
const api = { async run(x: any) { "use task"; seen("run", x); return x }, async go(x: any) { "use task"; seen("go", x); return [x] }, ...{ run: undefined } };
export async function main(n: any) { return done([api.run, await api.go(n)]) }
${flow}`,
  },
  "super in a class inside of a generator": {
    "main.ts": `${world}
async function t(x: any) { "use task"; seen("t", x); return [x] }
async function* items(x: any) { class A extends Map { four = async () => [super.has === Map.prototype.has, await t(x)] } yield new A().four() }
export async function main(n: any) { for await (const each of items(n)) return done(each) }
${flow}`,
  },
};
