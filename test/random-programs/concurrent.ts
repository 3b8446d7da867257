import { CLEAN_UP, declaring, detached, pathOf, type At } from "./context.ts";
import { awaited, promise, value } from "./expressions.ts";
import { statements, type Statement } from "./statements.ts";
import { together } from "./together.ts";

/** Lines that are one statement of the program and declare `name`. */
const joined = (at: At, lines: readonly string[], name: string): Statement => ({
  text: lines.join(at.style.semicolons ? `;${at.style.newline}` : at.style.newline),
  declares: [name],
});

/** A place in a branch that runs beside the function. */
const running = (at: At): At => ({ ...at, quiet: at.path === undefined || at.quiet, jumps: [], returns: false });

/** A promise that is awaited after something else. */
export function unawaited(at: At): Statement {
  const [pending, name, result] = [at.unique("h"), at.unique("v"), at.unique("v")];
  const safe = at.path === undefined;
  const begun = at.c.chance(50) ? promise(running(at), safe) : together(running(at));
  const between = `const ${name} = ${awaited(running(at), safe)}`;
  const end = safe || at.c.chance(70) ? pending : `Promise.race([${pending}, ${promise(at)}])`;
  return joined(
    at,
    [`const ${pending} = quiet(${begun})`, between, `const ${result} = [${name}, await ${end}]`],
    result,
  );
}

/** The function does not wait for the call. */
export function forgotten(at: At): Statement {
  const name = at.unique("v");
  return joined(at, [`quiet(${promise({ ...at, guarded: true })})`, `const ${name} = ${awaited(at)}`], name);
}

/** A signal that may be sent before the function waits for it. */
export function announced(at: At): Statement {
  const [signal, first, name] = [at.unique("s"), at.unique("v"), at.unique("v")];
  at.budget.left -= at.times;
  return joined(
    at,
    [
      `const ${signal} = sig(${pathOf(at) ?? ""})`,
      `const ${first} = ${awaited(at)}`,
      `const ${name} = [${first}, await signal(${signal})]`,
    ],
    name,
  );
}

/** A place in a function of its own, for the item of an index. */
function item(at: At, names: readonly string[], index: string): At {
  const inside: At = { ...detached(at), out: at.unique("out"), async: true, generator: false, path: pathOf(at, index) };
  return declaring({ ...inside, quiet: at.path === undefined || at.quiet, variables: [] }, names);
}

/** Workers that take items from a queue, and put some back: which one gets which depends on the order in which calls end. */
export function workers(at: At): Statement {
  const { c, style, unique } = at;
  const [queue, worker, x, w, name, first] = ["q", "worker", "x", "w", "v", "v"].map(unique) as Names;
  const count = c.between(2, 4);
  const inside = item({ ...at, times: at.times * count * 2 }, [x], `${w} + "," + ${x}`);
  const begun = `const ${first} = await ${promise(inside)}`;
  const further = declaring(inside, [first]);
  const again = c.chance(40) ? `if (${x} < 9 && odd(${value(further)})) ${queue}.push(${x} + 10);` : "";
  const body = [
    `const ${x} = ${queue}.shift();`,
    `${begun};`,
    statements(further, 2),
    again,
    `${inside.out}.push(${first});`,
  ].join(style.newline);
  const all = c.pick([`range(2).map(${worker})`, `[${worker}(0), ${worker}(1), ${worker}(2)]`]);
  const lines = [
    `const ${queue}: any[] = range(${count})`,
    `const ${worker} = async (${w}: any) => { const ${inside.out}: any[] = []; while (${queue}.length > 0) { ${body} } return ${inside.out} }`,
    `const ${name} = await Promise.all(${all})`,
  ];
  return joined(at, lines, name);
}

type Names = [string, string, string, string, string, string];

/** One at a time, in a chain of promises. */
export function locked(at: At): Statement {
  const { c, style, unique } = at;
  const [lock, enter, x, index, name, first] = ["lock", "enter", "x", "i", "v", "v"].map(unique) as Names;
  // in a section that is entered after one that failed, calls are made in clean-up
  const mark = at.path === undefined ? undefined : unique("m");
  const place = mark === undefined ? at : { ...at, path: `${at.path ?? ""} + ${mark}` };
  const inside = item({ ...place, times: at.times * 2 }, [x], index);
  const safe = at.path === undefined;
  const begun = `const ${first} = await ${promise(inside, safe)};`;
  const section = `{ const ${inside.out}: any[] = [];${style.newline}${begun}${style.newline}${safe ? `${inside.out}.push(${value(inside)});` : statements(declaring(inside, [first]), 2)}${style.newline}return [${first}, ${inside.out}] }`;
  const list = c.pick([`[${value(at)}, 2]`, "[1, 2, 3]"]);
  const lines = [
    `let ${lock}: any = Promise.resolve()`,
    mark === undefined
      ? `const ${enter} = (f: any) => (${lock} = ${lock}.then(f, f))`
      : `const ${enter} = (f: any) => (${lock} = ${lock}.then(() => f(""), () => f("${CLEAN_UP}")))`,
    `const ${name} = await Promise.all(${list}.map((${x}: any, ${index}: any) => ${enter}(async (${mark === undefined ? "" : `${mark}: any`}) => ${section})))`,
  ];
  return joined(at, lines, name);
}
