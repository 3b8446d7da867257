import { attemptSource, LEASE } from "./journal.ts";

/** How many items an order has. Each begins when the one before is recorded. */
export const PARTS = 4;
/** What a caller adds to an order that waits for approval. */
const APPROVAL = 1_000;

const waitsForApproval = (id: number): boolean => id % 3 === 0;

export const resultOf = (id: number): number => id * PARTS * PARTS + 6 + (waitsForApproval(id) ? APPROVAL : 0);

/** Files beside the programs. */
export const beside = {
  "attempt.ts": attemptSource,
  "callers.ts": `
    import { createServer } from "node:http";
    import { setTimeout } from "node:timers/promises";
    import { configure } from "perdure";
    import { note, now } from "./attempt.ts";
    configure({ lease: ${LEASE}, pollInterval: 200, suspendAfter: 300, logLevel: "error" });

    /** The store may be away: who calls asks again. */
    export async function insist<T>(call: () => Promise<T>, isTransient = /^STORE_/): Promise<T> {
      for (;;) {
        try {
          return await call();
        } catch (error) {
          if (!isTransient.test((error as { code?: string }).code ?? "")) throw error;
          await setTimeout(100);
        }
      }
    }
    export const awaitOrder = (id: number, result: () => Promise<unknown>) =>
      void result().then(
        (value) => note("result", id, process.env.ROLE, now(), value),
        (error: unknown) => note("rejected", id, process.env.ROLE, now(), JSON.stringify(String(error))),
      );
    /** Calls \`work\` with the ids of a request. */
    export function serve(work: (ids: number[]) => Promise<void>) {
      const server = createServer(async (request, response) => {
        const { searchParams } = new URL(request.url!, "http://localhost");
        const from = Number(searchParams.get("from"));
        await work(Array.from({ length: Number(searchParams.get("count")) }, (_, index) => from + index));
        response.end("ok");
      });
      server.listen(0, "127.0.0.1", () => console.log("ready " + (server.address() as { port: number }).port + "."));
    }
  `,
};

/** Has no workflow, and awaits the results of all orders: those too that do not exist yet. */
export const reader = `
  import { getRun } from "perdure";
  import { awaitOrder, insist, serve } from "./callers.ts";
  /** An order may not have been started yet. */
  const result = async (id: number) => (await insist(() => getRun("order-" + id), /^(?:STORE_|RUN_NOT_FOUND)/)).result();
  serve(async (ids) => ids.forEach((id) => awaitOrder(id, () => result(id))));
`;

/**
 * Orders, and who starts and executes them: `$ROLE` is `worker` or `front`, which starts orders, executes some of them itself, and approves.
 * @param version - 2 is the same program after an edit: a task has another text, and there are a further task and a further workflow
 */
export const program = (version: 1 | 2): string => `
  import { setTimeout } from "node:timers/promises";
  import { complete, signal, sleep, start, startMany, worker } from "perdure";
  import { during } from "./attempt.ts";
  import { awaitOrder, insist, serve } from "./callers.ts";
  const { ROLE, PLACES } = process.env;

  /** One of many needs more than a lease. */
  const timeOf = (item: number) => (item % 128 === 8 ? ${LEASE * 1.3} : 20 + (item % 7) * 15);
  async function part(item: number) {
    "use task: retries=5";
    return during(item, async () => {
      ${version === 1 ? "await setTimeout(timeOf(item));" : "const time = timeOf(item); await setTimeout(time);"}
      return item;
    });
  }
  ${version === 1 ? "" : further}
  export async function delivery(id: number) {
    "use workflow: id=delivery-{id}";
    return part(id * ${PARTS} + 2);
  }
  export async function order(id: number) {
    "use workflow: id=order-{id}";
    let sum = await part(id * ${PARTS});
    await sleep(20 + (id % 5) * 10);
    sum += await part(id * ${PARTS} + 1);
    sum += await delivery(id);
    if (id % 3 === 0) sum += await signal<number>("approved");
    sum += await part(id * ${PARTS} + 3);
    return sum;
  }

  async function place(ids: number[]) {
    const isOurs = (id: number) => id % 4 === 0;
    await insist(() => startMany(order, ids.filter((id) => !isOurs(id)).map((id): [number] => [id])));
    const ours = ids.filter(isOurs).map(async (id) => {
      const run = await insist(() => start(order, [id]));
      awaitOrder(id, () => run.result());
    });
    await Promise.all(ours);
    await Promise.all(ids.filter((id) => id % 3 === 0).map((id) => insist(() => complete("order-" + id, "approved", ${APPROVAL}))));
  }

  if (ROLE === "front") serve(place);
  else {
    worker({ concurrency: Number(PLACES), signals: true });
    console.log("ready");
  }
`;

const further = `
  async function stamp(item: number) {
    "use task";
    return item;
  }
  export async function audit(id: number) {
    "use workflow: id=audit-{id}";
    return stamp(id);
  }`;
