import type {
  Claim,
  Claimed,
  ClaimNext,
  CreatedRun,
  ExecutionRow,
  NewRun,
  NextRuns,
  Outlook,
  RunRow,
  StepFilter,
  StepRow,
  Store,
  Wakeup,
} from "@perdure/store/contract";
import { decodeText, encodeJson, encodeText } from "../connection/text.ts";
import { COLUMNS, runOf, type RunColumns } from "../rows/runs.ts";
import { ALL, LIGHT, stepOf, type StepColumns } from "../rows/steps.ts";
import { headsOf, type HeadColumns } from "../rows/streams.ts";
import type { Held } from "./held.ts";
import type { Session } from "./session.ts";

type CreatedColumns = RunColumns & { readonly is_new: boolean };

/** The run as the function `create_run` takes it. Starts that are collected add their inputs as JSON. */
export const asStarted = (run: NewRun): object =>
  run.gather?.type === "batch" ? { ...run, inputText: JSON.stringify(run.input) } : run;

/** The runs, in order and in one transaction. */
export async function createRuns({ database, held, now }: Session, wanted: readonly NewRun[]): Promise<CreatedRun[]> {
  if (wanted.length === 0) return [];
  const rows = await database.query<CreatedColumns>("SELECT c.is_new, (c.made).* FROM @.create_runs($1, $2) AS c", [
    encodeJson(wanted.map(asStarted)),
    now(),
  ]);
  return rows.map((row, place) => {
    const run = runOf(row);
    if (row.is_new && run.owner !== undefined && run.owner === wanted[place]?.lease?.owner)
      held.add(run.id, { epoch: run.epoch, number: row.number, seq: row.claimed_seq });
    return { created: row.is_new, run };
  });
}

export async function getRun({ database }: Session, id: string): Promise<RunRow | undefined> {
  const [row] = await database.query<RunColumns>(`SELECT ${COLUMNS} FROM @.runs WHERE @.short(id) = @.short($1)`, [
    encodeText(id),
  ]);
  return row && runOf(row);
}

export async function getCode({ database }: Session, code: string): Promise<string | undefined> {
  const [row] = await database.query<{ modules: string }>(
    "SELECT modules FROM @.codes WHERE @.short(code) = @.short($1)",
    [encodeText(code)],
  );
  return row && decodeText(row.modules);
}

export async function claim(
  { database, held, now }: Session,
  { run: id, lease, from }: Parameters<Store["claim"]>[0],
): Promise<RunRow | undefined> {
  const values = [
    encodeText(id),
    encodeText(lease.owner),
    lease.ms,
    from ? encodeText(from.owner) : null,
    from?.epoch ?? null,
    now(),
  ];
  const [row] = await database.query<RunColumns>(`SELECT ${COLUMNS} FROM @.claim($1, $2, $3, $4, $5, $6)`, values);
  if (!row) return undefined;
  held.add(id, { epoch: row.epoch, number: row.number, seq: row.claimed_seq });
  return runOf(row);
}

interface ClaimedColumns extends RunColumns {
  readonly taken_from: string | null;
  readonly steps: readonly StepColumns[] | null;
  readonly streams: readonly HeadColumns[] | null;
}

export async function claimRuns(
  { database, held, now }: Session,
  claims: readonly Claim[],
): Promise<(Claimed | undefined)[]> {
  if (claims.length === 0) return [];
  const rows = await database.query<ClaimedColumns & { readonly place: number }>(
    "SELECT c.place, c.taken_from, c.steps, c.streams, (c.claimed).* FROM @.claim_runs($1, $2) AS c",
    [encodeJson(claims), now()],
  );
  const answers = claims.map((): Claimed | undefined => undefined);
  for (const row of rows) answers[row.place - 1] = claimedOf(held, row);
  return answers;
}

export async function claimNext({ database, held, now }: Session, request: ClaimNext): Promise<NextRuns> {
  const rows = await database.query<ClaimedColumns & RestColumns>(
    "SELECT c.remaining, c.outlook, c.taken_from, c.steps, c.streams, (c.claimed).* FROM @.claim_next($1, $2) AS c",
    [encodeJson(request), now()],
  );
  const claimed = rows.slice(0, -1).map((row) => claimedOf(held, row));
  const { remaining = 0, outlook } = rows.at(-1) ?? {};
  return { claimed, left: remaining, ...(outlook && { outlook: outlookOf(outlook) }) };
}

/** The last row. */
interface RestColumns {
  readonly remaining: number;
  readonly outlook: (Omit<Outlook, "nextAt"> & { readonly nextAt: number | null }) | null;
}

const outlookOf = ({ owners, nextAt, ...same }: NonNullable<RestColumns["outlook"]>): Outlook => ({
  ...same,
  owners: owners.map(decodeText),
  ...(nextAt !== null && { nextAt }),
});

function claimedOf(held: Held, row: ClaimedColumns): Claimed {
  const run = runOf(row);
  held.add(run.id, { epoch: run.epoch, number: row.number, seq: row.claimed_seq });
  const from = row.taken_from === null ? {} : { from: decodeText(row.taken_from) };
  const read = readable(row.steps ?? []);
  return { run, ...from, ...(read && { steps: read }), ...(row.streams && { streams: headsOf(row.streams) }) };
}

/** Undefined: one of the steps is of a kind that only a newer version knows. */
function readable(rows: readonly StepColumns[]): StepRow[] | undefined {
  try {
    return rows.map(stepOf);
  } catch {
    return undefined;
  }
}

export async function renew(
  { database, held, now }: Session,
  { runs, ms }: Parameters<Store["renew"]>[0],
): Promise<boolean[]> {
  if (runs.length === 0) return [];
  const values = [runs.map(({ run }) => encodeText(run)), runs.map(({ epoch }) => epoch), ms, now()];
  const [row] = await database.query<{ held: boolean[] }>("SELECT @.renew($1, $2, $3, $4) AS held", values);
  runs.forEach(({ run }, place) => {
    if (!row?.held[place]) held.forget(run);
  });
  return row?.held ?? [];
}

interface ExecutionColumns {
  readonly epoch: number;
  readonly owner: string;
  readonly claimed_at: number;
  readonly taken_from: string | null;
  readonly released_at: number | null;
}

export async function executions({ database }: Session, run: string): Promise<ExecutionRow[]> {
  const rows = await database.query<ExecutionColumns>(
    `SELECT epoch, owner, claimed_at, taken_from, released_at FROM @.executions
     WHERE run = (SELECT number FROM @.runs WHERE @.short(id) = @.short($1)) ORDER BY epoch`,
    [encodeText(run)],
  );
  return rows.map(({ epoch, owner, claimed_at, taken_from, released_at }) => ({
    epoch,
    owner: decodeText(owner),
    claimedAt: claimed_at,
    ...(taken_from !== null && { from: decodeText(taken_from) }),
    ...(released_at !== null && { releasedAt: released_at }),
  }));
}

/** Checkpoints in the order of `seq`, then the open steps. */
export async function steps(
  { database }: Session,
  run: string,
  { after, open, id, values, limit }: StepFilter,
): Promise<StepRow[]> {
  if (id === undefined && after !== undefined && open) return [];
  const given: unknown[] = [encodeText(run)];
  const conditions = ["run = (SELECT number FROM @.runs WHERE @.short(id) = @.short($1))"];
  if (id !== undefined) conditions.push(`@.short(id) = @.short($${given.push(encodeText(id))})`);
  if (after !== undefined) conditions.push(`seq > $${given.push(after)}`);
  if (open) conditions.push("state = 0");
  const atMost = limit === undefined ? "" : ` LIMIT $${given.push(Number.isFinite(limit) ? Math.max(0, limit) : null)}`;
  const sql = `SELECT ${values === false ? LIGHT : ALL} FROM @.steps WHERE ${conditions.join(" AND ")} ORDER BY seq NULLS LAST${atMost}`;
  return (await database.rows<StepColumns>(sql, given)).map(stepOf);
}

interface WakeupColumns {
  readonly epoch: number | null;
  readonly owner: string | null;
  readonly cancel: string | null;
  readonly signals: readonly { readonly name: string; readonly slot: number; readonly payload: string }[] | null;
}

export async function wakeups({ database }: Session, asked: Parameters<Store["wakeups"]>[0]): Promise<Wakeup[]> {
  if (asked.length === 0) return [];
  const rows = await database.query<WakeupColumns>(
    `SELECT r.epoch, r.owner, r.cancel, (
       SELECT json_agg(json_build_object('name', name, 'slot', slot, 'payload', payload) ORDER BY s.number)
       FROM @.signals s WHERE s.run = r.number AND NOT consumed) AS signals
     FROM unnest($1::text[]) WITH ORDINALITY AS asked (id, place) LEFT JOIN @.runs r ON @.short(r.id) = @.short(asked.id) ORDER BY place`,
    [asked.map(({ run }) => encodeText(run))],
  );
  return asked.map(({ run, epoch }, place) => {
    const row = rows[place];
    const signals = row?.signals ?? [];
    return {
      run,
      owned: row !== undefined && row.owner !== null && row.epoch === epoch,
      signals: signals.map(({ name, slot, payload }) => ({
        name: decodeText(name),
        slot,
        payload: decodeText(payload),
      })),
      ...(row && row.cancel !== null && { cancel: decodeText(row.cancel) }),
    };
  });
}

export async function fork(
  { database, now }: Session,
  given: Parameters<Store["fork"]>[0],
): Promise<CreatedRun | undefined> {
  const [row] = await database.query<CreatedColumns>("SELECT f.is_new, (f.made).* FROM @.fork($1, $2, $3, $4) AS f", [
    encodeText(given.run),
    encodeText(given.from),
    encodeText(given.id),
    now(),
  ]);
  return row && { created: row.is_new, run: runOf(row) };
}
