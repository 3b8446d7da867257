/**
 * The main programs of the examples, with the client of Restate in the place of a store. What they print is compared with what the examples
 * print on SQLite.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { schedule } from "perdure";
import { serve, type Restate } from "perdure-restate";
import type { World } from "./world.ts";

/** What a main program has. */
export interface Main {
  readonly client: Restate;
  /** The workflows of the example. */
  readonly workflows: Readonly<Record<string, Workflow>>;
  readonly world: World;
  print(line: string): void;
}

export type Workflow = (...args: unknown[]) => Promise<unknown>;

const workflowOf = (name: string, { workflows }: Main): Workflow => {
  const workflow = workflows[name];
  if (!workflow) throw new Error(`the example has no workflow ${name}`);
  return workflow;
};

/** Calls the workflow, as its own main program does. */
const call = async (main: Main, name: string, ...args: readonly unknown[]): Promise<unknown> =>
  (await main.client.start(workflowOf(name, main), [...args])).result();

async function orderPipeline(main: Main): Promise<void> {
  const order = { id: "A-17", email: "ada@example.com", items: ["lamp", "kettle", "chair"], total: 149 };
  main.print(`done: ${String(await call(main, "processOrder", order))}`);
}

/** Answers 503 twice, then gives prices. */
async function flakyApi(main: Main): Promise<void> {
  let requests = 0;
  const server = createServer(({ url }, response) => {
    requests++;
    const status = requests <= 2 ? 503 : url === "/lamp" ? 200 : 404;
    if (main.world.note({ kind: "said", line: `GET ${url} → ${status}` })) return response.destroy();
    return response.writeHead(status).end(status === 200 ? "49" : "");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  try {
    const lines = (await call(main, "quote", `http://127.0.0.1:${port}`, ["lamp", "unicorn"])) as string[];
    main.print(`[ ${lines.map((line) => `'${line}'`).join(", ")} ]`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function crmSync(main: Main): Promise<void> {
  main.print(`done: ${String(await call(main, "syncContacts", "2024-01"))} contacts`);
}

async function backoffs(main: Main): Promise<void> {
  main.print(`done: ${String(await call(main, "notifyAll", "2024-01-15"))}`);
}

async function explicitId(main: Main): Promise<void> {
  const { client, print } = main;
  const id = "the-weekly-report";
  const report = workflowOf("generateReport", main);
  const run = await client.start(report, ["2024-01-15"], { id });
  print(`${run.id}: ${String(await run.result())}`);
  const again = await client.start(report, ["2024-01-15"], { id });
  print(`${again.id} again: ${String(await again.result())}`);
  await client
    .start(report, ["2024-02-01"], { id })
    .catch((error: unknown) => print(`refused: ${(error as { code: string }).code}`));
  print(await client.run("generateReport", id).status());
}

async function typedModels(main: Main): Promise<void> {
  const refused = { customer: "", reference: "INV-8" };
  await main.client
    .start(workflowOf("processInvoice", main), [refused])
    .catch((error: unknown) => main.print(`refused: ${(error as { code: string }).code}`));
  main.print(String(await call(main, "processInvoice", { customer: "Acme", reference: "INV-7" })));
}

async function approvalServer(main: Main): Promise<void> {
  const run = await main.client.start(workflowOf("processOrder", main), [{ id: "17", total: 12_500 }]);
  main.print(`run: ${run.id}`);
  main.print(`delivered: ${await run.complete("approval", { approved: true, by: "Ada" })}`);
  await run.result();
  main.print(await run.status());
}

async function queueTwice(main: Main): Promise<void> {
  const handle = async (id: string, file: string): Promise<string> =>
    (await (await main.client.start(workflowOf("importFile", main), [file], { id })).result()) as string;
  const [first, second] = [
    ["message-1", "january.csv"],
    ["message-2", "february.csv"],
  ] as const;
  const all = await Promise.all([first, second, first].map(async ([id, file]) => handle(id, file)));
  main.print(`[ ${all.map((line) => `'${line}'`).join(", ")} ]`);
  main.print(await handle(...first));
}

/** The examples whose workflows run on Restate, and how many tasks of a run are in flight at most. */
export const mains: Readonly<Record<string, { readonly main: (main: Main) => Promise<void>; readonly width: number }>> =
  {
    "order-pipeline": { main: orderPipeline, width: 3 },
    "flaky-api": { main: flakyApi, width: 1 },
    "crm-sync": { main: crmSync, width: 1 },
    backoffs: { main: backoffs, width: 4 },
    "explicit-id": { main: explicitId, width: 1 },
    "typed-models": { main: typedModels, width: 1 },
    "queue-twice": { main: queueTwice, width: 2 },
    // its workflow has the name of another's: it comes after that
    "approval-server": { main: approvalServer, width: 1 },
  };

/** Whole programs of the pages: the page, the file of the workflow, what the main program does, and the line that it prints. */
export const pages: readonly {
  readonly page: string;
  readonly file: string;
  readonly main: (main: Main) => Promise<void>;
  readonly printed: string;
}[] = [
  {
    page: "docs/without-a-bundler.md",
    file: "src/order.ts",
    async main(main) {
      const items = [
        { name: "ink", price: 3 },
        { name: "paper", price: 4 },
      ];
      main.print(String(await call(main, "order", "17", items)));
    },
    printed: "order 17: ink for 3, paper for 4",
  },
  {
    page: "docs/how-it-works.md",
    file: "src/order.ts",
    async main(main) {
      const run = await main.client.start(workflowOf("order", main), ["18", ["ink", "paper"]]);
      for (const item of ["ink", "paper"]) await run.complete(`pack ${item} reserved`, true);
      main.print(String(await run.result()));
    },
    printed: "ink reserved, paper reserved",
  },
  {
    page: "docs/frameworks/README.md",
    file: "order.ts",
    main: async (main) => main.print(String(await call(main, "order", "19"))),
    printed: "items 0, 1, 2, 3, 4, 5",
  },
];

/** Examples whose main programs ask for what does not exist on Restate, and the error that they get. */
export const refusals: Readonly<
  Record<string, { readonly main: (main: Main) => Promise<void>; readonly error: RegExp }>
> = {
  "search-index": {
    main: async (main) =>
      printRefusal(main, () =>
        startWith(main, "index", ["guide", "Once"], { debounce: { key: "guide", wait: "1s", max: "10s" } }),
      ),
    error: /^RESTATE_UNSUPPORTED the option debounce of start\(\)/,
  },
  "batch-insert": {
    main: async (main) =>
      printRefusal(main, () =>
        startWith(main, "store", [{ id: 1, page: "/pricing" }], { batch: { size: 5, wait: "500ms" } }),
      ),
    error: /^RESTATE_UNSUPPORTED the option batch of start\(\)/,
  },
  "nightly-report": {
    async main(main) {
      const report = workflowOf("report", main);
      const { close } = await serve({ workflows: [report], port: 0, host: "127.0.0.1" });
      await printRefusal(main, () => schedule("nightly", "0 6 * * *", report, ["europe"], { catchUp: "last" }));
      await close();
    },
    error: /^RESTATE_NO_STORE this program serves workflows on Restate, and has no store/,
  },
};

const startWith = (main: Main, name: string, args: unknown[], options: object): Promise<unknown> =>
  main.client.start(workflowOf(name, main), args, options);

async function printRefusal(main: Main, ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    const { code, message } = error as { readonly code: string; readonly message: string };
    main.print(`${code} ${message}`);
  }
}
