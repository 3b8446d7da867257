import type { FlowStore, Offer, QueueAnswer, QueueItem, QueueKeyRow, QueueRow } from "@perdure/store/contract";
import { decodeText, encodeJson, encodeText } from "../connection/text.ts";
import type { Session, Use } from "./session.ts";

/** The part of the store that keeps queues. */
export function postgresFlow(use: Use): FlowStore {
  const call = (sql: string, values: (session: Session) => readonly unknown[]): Promise<void> =>
    use(async (session) => {
      await session.database.query(sql, values(session));
    });
  return {
    defineQueue: ({ name, concurrency = null, perKey = null, rate }) =>
      call("SELECT @.define_queue($1, $2, $3, $4, $5, $6, $7)", ({ now }) => [
        encodeText(name),
        concurrency,
        perKey,
        rate?.limit ?? null,
        rate?.per ?? null,
        rate?.slack ?? null,
        now(),
      ]),
    queues: () => use(queues),
    queueKeys: (queue, limit) => use((session) => queueKeys(session, queue, limit)),
    queueItems: (run) => use((session) => queueItems(session, run)),
    enqueue: (steps) => use((session) => enqueue(session, steps)),
    leave: ({ run, step, epoch }) =>
      call("SELECT @.leave_step($1, $2, $3, $4)", ({ now }) => [encodeText(run), encodeText(step), epoch, now()]),
    correctStart: ({ queue, start, at }) =>
      use(async ({ database }) => {
        const values = [encodeText(queue), start, at];
        const [row] = await database.query<{ done: boolean }>("SELECT @.correct_start($1, $2, $3) AS done", values);
        return row?.done ?? false;
      }),
    offers: ({ workflows }) => use((session) => offers(session, workflows)),
    renewSlots: ({ owner, ms }) =>
      call("SELECT @.renew_slots($1, $2, $3)", ({ now }) => [encodeText(owner), ms, now()]),
    slotOwners: () => use(slotOwners),
    freeSlots: ({ owner, dead }) =>
      call("SELECT @.free_slots($1, $2, $3)", ({ now }) => [encodeText(owner), dead, now()]),
    expire: ({ expired, timedOut }) =>
      use(async ({ database, now }) => {
        const values = [encodeText(expired), encodeText(timedOut), now()];
        const [row] = await database.query<{ ended: string[] }>("SELECT @.expire($1, $2, $3) AS ended", values);
        return row?.ended.map(decodeText) ?? [];
      }),
  };
}

interface QueueColumns {
  readonly name: string;
  readonly concurrency: number | null;
  readonly per_key: number | null;
  readonly rate_limit: number | null;
  readonly rate_per: number | null;
  readonly rate_slack: number | null;
  readonly waiting: number;
  readonly running: number;
  readonly oldest: number | null;
}

async function queues({ database }: Session): Promise<QueueRow[]> {
  const rows = await database.query<QueueColumns>(
    `SELECT name, concurrency, per_key, rate_limit, rate_per, rate_slack, waiting, running, oldest FROM @.queues q, LATERAL (
       SELECT count(*) FILTER (WHERE state <= 1) AS waiting, count(*) FILTER (WHERE state >= 2 AND NOT lent) AS running, min(since) FILTER (WHERE state <= 1) AS oldest
       FROM @.queue_items WHERE queue = q.number) AS items
     WHERE defined OR waiting + running > 0 ORDER BY name`,
  );
  return rows.map((row) => ({
    name: decodeText(row.name),
    ...(row.concurrency !== null && { concurrency: row.concurrency }),
    ...(row.per_key !== null && { perKey: row.per_key }),
    ...(row.rate_limit !== null && {
      rate: { limit: row.rate_limit, per: row.rate_per ?? 0, slack: row.rate_slack ?? 0 },
    }),
    waiting: row.waiting,
    running: row.running,
    ...(row.oldest !== null && { oldest: row.oldest }),
  }));
}

type KeyColumns = Omit<QueueKeyRow, "oldest"> & { readonly oldest: number | null };

async function queueKeys({ database }: Session, queue: string, limit: number): Promise<QueueKeyRow[]> {
  const rows = await database.query<KeyColumns>(
    `SELECT key, count(*) FILTER (WHERE state <= 1) AS waiting, count(*) FILTER (WHERE state >= 2 AND NOT lent) AS running, min(since) FILTER (WHERE state <= 1) AS oldest
     FROM @.queue_items WHERE queue = (SELECT number FROM @.queues WHERE @.short(name) = @.short($1)) AND (state <= 1 OR NOT lent) GROUP BY key ORDER BY waiting DESC, key LIMIT $2`,
    [encodeText(queue), limit],
  );
  return rows.map(({ key, waiting, running, oldest }) => ({
    key: decodeText(key),
    waiting,
    running,
    ...(oldest !== null && { oldest }),
  }));
}

interface ItemColumns {
  readonly name: string;
  readonly key: string;
  readonly step: string;
  readonly state: number;
  readonly since: number;
}

async function queueItems({ database }: Session, run: string): Promise<QueueItem[]> {
  const rows = await database.query<ItemColumns>(
    `SELECT name, key, step, state, since FROM @.queue_items i JOIN @.queues q ON q.number = i.queue WHERE @.short(run) = @.short($1) ORDER BY i.number`,
    [encodeText(run)],
  );
  return rows.map(({ name, key, step, state, since }) => ({
    queue: decodeText(name),
    key: decodeText(key),
    ...(step !== "" && { step: decodeText(step) }),
    inLine: state <= 1,
    since,
  }));
}

interface AnswerColumns {
  readonly state: "taken" | "waiting" | null;
  readonly start: number | null;
}

async function enqueue({ database, now }: Session, steps: Parameters<FlowStore["enqueue"]>[0]): Promise<QueueAnswer[]> {
  if (steps.length === 0) return [];
  const rows = await database.query<AnswerColumns>("SELECT state, start FROM @.enqueue($1, $2)", [
    encodeJson(steps),
    now(),
  ]);
  return rows.map(({ state, start }) => {
    if (state === null) return undefined;
    return state === "taken" && start !== null ? { state, start } : { state };
  });
}

interface OfferColumns {
  readonly queue: string;
  readonly run: string;
  readonly step: string | null;
}

async function offers({ database, now }: Session, workflows: readonly string[]): Promise<Offer[]> {
  const rows = await database.query<OfferColumns>("SELECT queue, run, step FROM @.offers($1, $2)", [
    workflows.map(encodeText),
    now(),
  ]);
  return rows.map(({ queue, run, step }) => ({
    queue: decodeText(queue),
    run: decodeText(run),
    ...(step !== null && { step: decodeText(step) }),
  }));
}

async function slotOwners({ database }: Session): Promise<string[]> {
  const rows = await database.query<{ owner: string }>(
    "SELECT DISTINCT owner FROM @.queue_items WHERE owner IS NOT NULL ORDER BY owner",
  );
  return rows.map(({ owner }) => decodeText(owner));
}
