import { MOST_WAITING } from "@perdure/store/apply-tick";
import type { CreatedRun, DueSchedules, ScheduleRow, ScheduleStore, Tick, Ticked } from "@perdure/store/contract";
import { decodeText, encodeJson, encodeText } from "../connection/text.ts";
import { runOf, type RunColumns } from "../rows/runs.ts";
import { scheduleOf, type ScheduleColumns } from "../rows/schedules.ts";
import { asStarted } from "./runs.ts";
import type { Session, Use } from "./session.ts";

/** The part of the store that keeps schedules. */
export function postgresSchedules(use: Use): ScheduleStore {
  const rowsOf = (sql: string, values: (session: Session) => readonly unknown[]): Promise<ScheduleRow[]> =>
    use(async (session) => (await session.database.query<ScheduleColumns>(sql, values(session))).map(scheduleOf));
  return {
    async putSchedule(schedule) {
      const [row] = await rowsOf("SELECT * FROM @.put_schedule($1, $2)", ({ now }) => [encodeJson(schedule), now()]);
      if (!row) throw new Error("a schedule that was just written is missing");
      return row;
    },
    getSchedule: async (name) =>
      (await rowsOf("SELECT * FROM @.schedules WHERE @.short(name) = @.short($1)", () => [encodeText(name)]))[0],
    listSchedules: () => rowsOf("SELECT * FROM @.schedules ORDER BY name", () => []),
    async deleteSchedule({ name, revision }) {
      const sql =
        "DELETE FROM @.schedules WHERE @.short(name) = @.short($1) AND ($2::bigint IS NULL OR revision = $2::bigint) RETURNING *";
      return (await rowsOf(sql, () => [encodeText(name), revision ?? null])).length === 1;
    },
    async pauseSchedule(change) {
      const { name, revision, paused } = change;
      const times = change.paused ? [null, null] : [change.doneTo, change.nextAt ?? null];
      return (
        await rowsOf("SELECT * FROM @.pause_schedule($1, $2, $3, $4, $5)", () => [
          encodeText(name),
          revision,
          paused,
          ...times,
        ])
      )[0];
    },
    dueSchedules: () => use(dueSchedules),
    tickSchedule: (tick) => use((session) => tickSchedule(session, tick)),
  };
}

type DueColumns = ScheduleColumns & { readonly is_due: boolean };

/** One statement, so that all of it is of one moment. */
async function dueSchedules({ database, now }: Session): Promise<DueSchedules> {
  const rows = await database.query<DueColumns>(
    `WITH clock AS MATERIALIZED (SELECT @.clock($1) AS now), looked AS (
       SELECT s.*, coalesce(next_at <= now, false) OR (waiting <> '[]' AND NOT EXISTS (
         SELECT 1 FROM @.runs r WHERE @.short(r.schedule) = @.short(s.name) AND r.status IN ('pending', 'running', 'waiting'))) AS is_due, next_at > now AS is_later
       FROM @.schedules s, clock WHERE NOT paused)
     SELECT * FROM looked WHERE is_due OR waiting <> '[]' OR next_at = (SELECT min(next_at) FROM looked WHERE is_later) ORDER BY next_at NULLS LAST, name`,
    [now()],
  );
  const later = rows.filter((row) => (row as unknown as { is_later: boolean | null }).is_later === true);
  const nextAt = later[0]?.next_at ?? undefined;
  return {
    due: rows.filter(({ is_due }) => is_due).map(scheduleOf),
    waiting: rows.some(({ waiting }) => waiting.length > 0),
    ...(nextAt !== undefined && { nextAt }),
  };
}

interface TickedColumns {
  readonly schedule: ScheduleColumns;
  readonly runs: readonly { readonly created: boolean; readonly run: RunColumns }[];
  readonly cancelled: readonly string[];
}

async function tickSchedule({ database, now }: Session, tick: Tick): Promise<Ticked | undefined> {
  const given = { ...tick, runs: tick.runs.map(({ at, run }) => ({ at, run: asStarted(run) })) };
  const [row] = await database.query<{ ticked: TickedColumns | null }>("SELECT @.tick_schedule($1, $2, $3) AS ticked", [
    encodeJson(given),
    MOST_WAITING,
    now(),
  ]);
  if (!row?.ticked) return undefined;
  const { schedule, runs, cancelled } = row.ticked;
  return {
    schedule: scheduleOf(schedule),
    runs: runs.map(({ created, run }): CreatedRun => ({ created, run: runOf(run) })),
    cancelled: cancelled.map(decodeText),
  };
}
