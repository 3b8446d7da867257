import type { ListedRun, PruneFilter, RunCount, RunFilter, RunRow, UnfinishedFilter } from "../contract.ts";
import type { Candidate } from "../claim-in-turn.ts";
import { cursorOf, positionOf, type Position } from "../cursor.ts";
import type { Connection } from "./driver.ts";
import { COLUMNS, headOf, LISTED_COLUMNS, runOf, type HeadColumns, type Row } from "./run-rows.ts";
import type { Timed } from "../timed.ts";

/** What tells whether a worker can execute the run. */
const CANDIDATE = `id, workflow, file, status, stalls, epoch, owner, queue, created_at,
  CASE WHEN blocked IS NULL THEN NULL WHEN json_valid(blocked) THEN blocked ->> 'code' ELSE '' END AS blocked_under`;

interface CandidateColumns extends Pick<Candidate, "id" | "workflow" | "file" | "status" | "stalls" | "epoch"> {
  readonly owner: string | null;
  readonly queue: string | null;
  readonly blocked_under: string | null;
}

type ListedColumns = HeadColumns & { readonly number: number };

function listed(row: ListedColumns, order?: RunFilter["order"]): ListedRun {
  const head = headOf(row);
  return Object.assign(head, { cursor: cursorOf(head, row.number, order) });
}

/** The queries that return many runs. Each status has a separate SELECT, so that an index provides the order and the limit ends the search early. */
export function listings(db: Connection) {
  const cached = new Map<string, ReturnType<typeof db.prepare<[object], unknown>>>();
  const query = <R>(sql: string, values: object): R[] => {
    let statement = cached.get(sql);
    if (!statement) cached.set(sql, (statement = db.prepare<[object], unknown>(sql)));
    return statement.all(values) as R[];
  };

  const count = db.prepare<[], RunCount>(
    `SELECT workflow, file, CASE WHEN blocked IS NULL THEN status ELSE 'blocked' END AS status, count(*) AS count
     FROM runs INDEXED BY runs_by_status GROUP BY 1, 2, 3`,
  );

  /** Newest first. */
  const byAge = (filter: RunFilter, after: Position | undefined, only: readonly string[] = []): ListedRun[] => {
    const { status, runs, parent } = filter;
    const statuses = status === undefined ? undefined : [...new Set([status].flat())];
    if (statuses?.length === 0) return [];
    const conditions = [
      ...only,
      ...conditionsOf(filter),
      ...(after ? ["(created_at, number) < (@afterTime, @afterNumber)"] : []),
    ];
    // with the ids or the parent there is no use for the index of statuses
    const column = runs || parent !== undefined ? "+status" : "status";
    const isStatus = (wanted: string, place: number): string =>
      wanted === "blocked" ? `${column} = 'pending' AND blocked IS NOT NULL` : `${column} = @status${place}`;
    const known = statuses?.filter((wanted) => wanted !== "blocked" || !statuses.includes("pending"));
    const arms = known?.map((wanted, place) =>
      select([isStatus(wanted, place), ...conditions], { columns: LISTED_COLUMNS }),
    ) ?? [select(conditions, { columns: LISTED_COLUMNS })];
    const named = Object.fromEntries(known?.map((value, place) => [`status${place}`, value]) ?? []);
    const values = { ...named, ...valuesOf(filter, after) };
    return query<ListedColumns>(`${arms.join(" UNION ALL ")} ${inOrder("DESC")}`, values).map((row) => listed(row));
  };
  /** Those that have a time to wake at, the next first. Only waiting runs have one. */
  const byDue = (filter: RunFilter, after: Position | undefined): ListedRun[] => {
    const { status = "waiting", runs, parent } = filter;
    if (![status].flat().includes("waiting")) return [];
    const conditions = [
      "status = 'waiting' AND wake_at IS NOT NULL",
      ...conditionsOf(filter),
      ...(after ? ["(wake_at, number) > (@afterTime, @afterNumber)"] : []),
    ];
    const index = runs || parent !== undefined ? "" : "INDEXED BY runs_by_wake";
    const found = select(conditions, { columns: LISTED_COLUMNS, index });
    const values = valuesOf(filter, after);
    return query<ListedColumns>(`${found} ORDER BY wake_at, number LIMIT @limit`, values).map((row) =>
      listed(row, "due"),
    );
  };

  /** Runs that need an owner, the oldest first. */
  const needing = <R>(
    { workflows, runs, now, limit, alive = [], dead = [], except = [], blocked = true }: Timed<UnfinishedFilter>,
    columns = COLUMNS,
  ): R[] => {
    const only = [
      ...(workflows ? [OF_WORKFLOWS] : []),
      ...(runs ? [OF_RUNS] : []),
      "(begin_by IS NULL OR begin_by >= @now)",
      ...(except.length > 0 ? ["id NOT IN (SELECT value FROM json_each(@except))"] : []),
    ];
    const pending = ["status = 'pending' AND in_line = 0", ...only, ...(blocked ? [] : ["blocked IS NULL"])];
    const running = [
      "status = 'running' AND in_line = 0",
      ...only,
      `(lease_until < @now AND owner NOT IN (SELECT value FROM json_each(@alive))
        OR owner IN (SELECT value FROM json_each(@dead)))`,
    ];
    const due = ["status = 'waiting'", "wake_at <= @now", ...only];
    const arms = [
      select(pending, { columns, index: runs ? "" : "INDEXED BY runs_ready" }),
      select(running, { columns }),
      select(due, { columns, index: runs ? "" : "INDEXED BY runs_by_wake" }),
    ];
    const values = {
      ...(workflows && { workflows: JSON.stringify(workflows) }),
      ...(runs && { runs: JSON.stringify(runs) }),
      ...(except.length > 0 && { except: JSON.stringify(except) }),
      alive: JSON.stringify(alive),
      dead: JSON.stringify(dead),
      now,
      limit: Math.max(0, limit),
    };
    return query<R>(`${arms.join(" UNION ALL ")} ${inOrder("ASC")}`, values);
  };

  return {
    /** Call it in a transaction: it may read several times. */
    list(filter: RunFilter): ListedRun[] {
      const after = positionOf(filter);
      if (filter.order !== "due") return byAge(filter, after);
      const { limit = 100 } = filter;
      const due = after?.isDue === false ? [] : byDue(filter, after);
      if (due.length >= limit) return due;
      const others = { ...filter, limit: limit - due.length };
      return [...due, ...byAge(others, after?.isDue ? undefined : after, ["wake_at IS NULL"])];
    },
    count: (): RunCount[] => count.all(),
    /** Ended runs to delete, oldest first. */
    old({ status = [], workflow, keep = 0, endedBefore, limit }: PruneFilter): Buried[] {
      const conditions = ["status IN (SELECT value FROM json_each(@statuses))", ...(workflow ? [OF_WORKFLOWS] : [])];
      const place = keep > 0 ? "row_number() OVER (PARTITION BY workflow ORDER BY created_at DESC, number DESC)" : "1";
      const runs = select(conditions, { columns: `id, epoch, created_at, updated_at, ${place} AS place` });
      const values = {
        statuses: JSON.stringify(status),
        ...(workflow && { workflows: JSON.stringify(workflow) }),
        keep,
        endedBefore,
        limit: Math.max(0, limit),
      };
      return query<Buried>(
        `SELECT number, id, epoch FROM (${runs}) AS ended WHERE place > @keep AND updated_at < @endedBefore AND NOT ${IS_AWAITED} ${inOrder("ASC")}`,
        values,
      );
    },
    unfinished: (filter: Timed<UnfinishedFilter>): RunRow[] => needing<Row>(filter).map(runOf),
    /** The same, without values. */
    candidates: (filter: Timed<UnfinishedFilter>): Candidate[] =>
      needing<CandidateColumns>(filter, CANDIDATE).map(({ owner, queue, blocked_under, ...row }) => ({
        ...row,
        owner: owner ?? undefined,
        queue: queue ?? undefined,
        blockedUnder: blocked_under ?? undefined,
      })),
  };
}

export interface Buried {
  readonly number: number;
  readonly id: string;
  readonly epoch: number;
}

function conditionsOf({
  workflow,
  runs,
  tags,
  parent,
  schedule,
  createdAfter,
  createdBefore,
  search,
}: RunFilter): string[] {
  return [
    ...(workflow === undefined ? [] : [OF_WORKFLOWS]),
    ...(runs ? [OF_RUNS] : []),
    ...(tags ? [WITH_TAGS] : []),
    ...(parent === undefined ? [] : ["parent = @parent"]),
    ...(schedule === undefined ? [] : ["schedule = @schedule"]),
    ...(createdAfter === undefined ? [] : ["created_at >= @createdAfter"]),
    ...(createdBefore === undefined ? [] : ["created_at < @createdBefore"]),
    ...(search === undefined ? [] : ["instr(id, @search) > 0"]),
  ];
}

function valuesOf(filter: RunFilter, after: Position | undefined): object {
  const { workflow, runs, tags, parent, schedule, createdAfter, createdBefore, search, limit = 100 } = filter;
  return {
    workflows: JSON.stringify([workflow].flat()),
    ...(runs && { runs: JSON.stringify(runs) }),
    ...(tags && { tags: JSON.stringify([...new Set(tags)]) }),
    parent,
    schedule,
    createdAfter,
    createdBefore,
    search,
    ...(after && { afterTime: after.time, afterNumber: after.number }),
    limit: Math.max(0, limit),
  };
}

function select(conditions: readonly string[], { columns = COLUMNS, index = "" } = {}): string {
  const where = conditions.length === 0 ? "" : `${index} WHERE ${conditions.join(" AND ")}`;
  return `SELECT ${columns}, number FROM runs ${where}`;
}

const inOrder = (order: "ASC" | "DESC"): string => `ORDER BY created_at ${order}, number ${order} LIMIT @limit`;

const OF_WORKFLOWS = "workflow IN (SELECT value FROM json_each(@workflows))";
const OF_RUNS = "id IN (SELECT value FROM json_each(@runs))";
/** How many of the wanted tags the run has is compared with how many are wanted. */
const WITH_TAGS = `(SELECT count(DISTINCT tag.value) FROM json_each(tags) AS tag WHERE tag.value IN (SELECT value FROM json_each(@tags)))
  = json_array_length(@tags)`;
/** An open step of another run waits for the run. */
const IS_AWAITED =
  "EXISTS (SELECT 1 FROM steps INDEXED BY steps_open_by_child WHERE target = ended.id AND state = 0 AND kind = 3)";
