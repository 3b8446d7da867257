/**
 * A project whose functions throw. A comment names the call in which a line throws, and the name of the function that contains the line
 * (`-` if it has none). The line must be the first in the stack (`// ! call name`) or a later one (`// > call name`).
 */
export const sources: Readonly<Record<string, string>> = {
  "src/tasks.ts": `import { setImmediate as turn } from "node:timers/promises";
import { type Order, check } from "./check.js";

export async function declared(order: Order): Promise<number> {
  "use task: retries=0";
  check(order);
  throw new Error("declared"); // ! declared declared
}

export async function later(order: Order): Promise<number> {
  "use task: retries=0";
  await turn();
  if (order.total > 0) {
    throw new Error("later"); // ! later later
  }
  return 1;
}

export const arrow = async (order: Order): Promise<number> => {
  "use task: retries=0";
  await turn();
  throw new Error("arrow " + order.id); // ! arrow arrow
};

export const api = {
  async method(order: Order): Promise<number> {
    "use task: retries=0";
    throw new Error("method " + order.id); // ! method method
  },
};

export class Billing {
  async instance(order: Order): Promise<number> {
    "use task: retries=0";
    await turn();
    throw new Error("instance " + arguments.length + order.id); // ! instance instance
  }

  async #secret(order: Order): Promise<number> {
    "use task: retries=0";
    throw new Error("secret " + order.id); // ! secret #secret
  }

  async hidden(order: Order): Promise<number> {
    return this.#secret(order); // > secret hidden
  }
}

export async function deeper(order: Order): Promise<number> {
  "use task: retries=0";
  const lines = [1, 2].map((line) => { // > deeper deeper
    if (line === 2) throw new Error("deeper " + order.id); // ! deeper -
    return line;
  });
  return lines.length;
}

export async function fine(order: Order): Promise<number> {
  "use task: retries=0";
  return order.total;
}
`,
  "src/check.ts": `export interface Order {
  readonly id: string;
  readonly total: number;
}

export function check(order: Order): void {
  if (order.id === "wrong") {
    throw new Error("check"); // ! checked check
  }
}
`,
  "src/flows.ts": `import { type Order } from "./check.js";
import { fine } from "./tasks.js";

export async function workflow(order: Order): Promise<number> {
  "use workflow: id=workflow";
  const total = await fine(order);
  throw new Error("workflow " + total); // ! workflow workflow
}

async function help(order: Order): Promise<number> {
  const total = await fine(order);
  throw new Error("helper " + total); // ! helper help
}

export async function helper(order: Order): Promise<number> {
  "use workflow: id=helper";
  return await help(order); // > helper helper
}

export async function closure(order: Order): Promise<number[]> {
  "use workflow: id=closure";
  return await Promise.all( // > closure closure
    [1].map(async (line) => {
      await fine(order);
      throw new Error("closure " + line); // ! closure -
    }),
  );
}

export async function inLoop(order: Order): Promise<number> {
  "use workflow: id=loop";
  let sum = 0;
  for (const line of [1, 2]) {
    sum += await fine(order);
    if (line === 2) throw new Error("loop " + sum); // ! inLoop inLoop
  }
  return sum;
}

async function* items(order: Order): AsyncGenerator<number> {
  yield await fine(order);
  throw new Error("generator"); // ! generator items
}

export async function generator(order: Order): Promise<number> {
  "use workflow: id=generator";
  let sum = 0;
  for await (const each of items(order)) sum += each; // > generator generator
  return sum;
}

const short = async (order: Order): Promise<number> => (await fine(order), JSON.parse("{")); // ! expression short

export async function expression(order: Order): Promise<number> {
  "use workflow: id=expression";
  return await short(order); // > expression expression
}

export const flows = { workflow, helper, closure, inLoop, generator, expression };
`,
  "src/main.ts": `import { close, configure } from "perdure";
import { type Order, check } from "./check.js";
import { flows } from "./flows.js";
import * as tasks from "./tasks.js";

configure({ store: "memory:", logLevel: "silent" });

const calls = {
  ...tasks,
  ...tasks.api,
  ...flows,
  instance: (order: Order) => new tasks.Billing().instance(order),
  secret: (order: Order) => new tasks.Billing().hidden(order),
  checked: async (order: Order) => check({ ...order, id: "wrong" }),
};

export async function all(): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    if (typeof call === "function" && name !== "fine" && name !== "Billing") {
      await (call as (order: Order) => Promise<unknown>)({ id: "a", total: 3 }).catch((error: Error) => console.log("STACK" + JSON.stringify([name, error.stack])));
    }
  }
  await inRun({ id: "r", total: 3 });
  await close();
}

async function inRun(order: Order): Promise<void> {
  "use workflow: id=tasks";
  const { declared, later, arrow, api, deeper } = tasks;
  for (const [name, task] of Object.entries({ declared, later, arrow, method: api.method, deeper })) {
    await task(order).catch((error: Error) => console.log("STACK" + JSON.stringify(["run:" + name, error.stack])));
  }
}

await all();
`,
};
