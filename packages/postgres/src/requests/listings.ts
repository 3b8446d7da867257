import type { ListedRun, PruneFilter, RunCount, RunFilter, RunRow, UnfinishedFilter } from "@perdure/store/contract";
import { cursorOf, positionOf, type Position } from "@perdure/store/cursor";
import { decodeText, encodeText } from "../connection/text.ts";
import { COLUMNS, headOf, LISTED_COLUMNS, runOf, type HeadColumns, type RunColumns } from "../rows/runs.ts";
import type { Session } from "./session.ts";

/** The values of a query that is put together. */
interface Values {
  readonly all: unknown[];
  /** The place of a value in the query. */
  readonly add: (value: unknown) => string;
}

function newValues(): Values {
  const all: unknown[] = [];
  return { all, add: (value) => `$${all.push(value)}` };
}

const texts = (given: string | readonly string[]): string[] => [given].flat().map(encodeText);
const atMost = (limit: number): number | null => (Number.isFinite(limit) ? Math.max(0, Math.floor(limit)) : null);

function conditionsOf(filter: RunFilter, { add }: Values): string[] {
  const { workflow, runs, tags = [], parent, schedule, createdAfter, createdBefore, search } = filter;
  return [
    ...(workflow === undefined ? [] : [`workflow = ANY (${add(texts(workflow))}::text[])`]),
    ...(runs ? [`@.short(id) = ANY (@.shorts(${add(texts(runs))}::text[]))`] : []),
    ...(tags.length === 0 ? [] : [`tags @> to_jsonb(${add(texts(tags))}::text[])`]),
    ...(parent === undefined ? [] : [`@.short(parent) = @.short(${add(encodeText(parent))})`]),
    ...(schedule === undefined ? [] : [`schedule = ${add(encodeText(schedule))}`]),
    ...(createdAfter === undefined ? [] : [`created_at >= ${add(createdAfter)}`]),
    ...(createdBefore === undefined ? [] : [`created_at < ${add(createdBefore)}`]),
    ...(search === undefined ? [] : [`strpos(id, ${add(encodeText(search))}) > 0`]),
  ];
}

/** One SELECT for each status, so that an index gives the order and the limit ends each search early. */
function byAge(
  filter: RunFilter,
  position: Position | undefined,
  values: Values,
  only: readonly string[] = [],
): string | undefined {
  const { status, limit = 100 } = filter;
  const wanted = status === undefined ? undefined : [...new Set([status].flat())];
  const statuses = wanted?.filter((each) => each !== "blocked" || !wanted.includes("pending"));
  const after = position ? [`(created_at, number) < ${placeOf(position, values)}`] : [];
  const conditions = [...only, ...conditionsOf(filter, values), ...after];
  const order = `ORDER BY created_at DESC, number DESC LIMIT ${values.add(atMost(limit))}`;
  const arm = (of: readonly string[]): string =>
    `(SELECT ${LISTED_COLUMNS} FROM @.runs ${whereOf([...of, ...conditions])} ${order})`;
  if (!statuses) return arm([]);
  const arms = statuses.map((each) =>
    arm([each === "blocked" ? "status = 'pending' AND blocked IS NOT NULL" : `status = ${values.add(each)}`]),
  );
  return arms.length > 1 ? `${arms.join(" UNION ALL ")} ${order}` : arms[0];
}

/** Those that have a time to wake at, the next first. Only waiting runs have one. */
function byDue(filter: RunFilter, position: Position | undefined, values: Values): string | undefined {
  const { status = "waiting", limit = 100 } = filter;
  if (![status].flat().includes("waiting")) return undefined;
  const after = position ? [`(wake_at, number) > ${placeOf(position, values)}`] : [];
  const conditions = ["status = 'waiting' AND wake_at IS NOT NULL", ...conditionsOf(filter, values), ...after];
  return `SELECT ${LISTED_COLUMNS} FROM @.runs ${whereOf(conditions)} ORDER BY wake_at, number LIMIT ${values.add(atMost(limit))}`;
}

const whereOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;

const placeOf = ({ time, number }: Position, { add }: Values): string =>
  `(${add(time)}::float8, ${add(number)}::bigint)`;

export async function listRuns({ database }: Session, filter: RunFilter): Promise<ListedRun[]> {
  const { order, limit = 100 } = filter;
  const listed = async (build: (values: Values) => string | undefined): Promise<ListedRun[]> => {
    const values = newValues();
    const sql = build(values);
    const rows = sql === undefined ? [] : await database.query<HeadColumns>(sql, values.all);
    return rows.map((row) => {
      const head = headOf(row);
      return { ...head, cursor: cursorOf(head, row.number, order) };
    });
  };
  const after = positionOf(filter);
  if (order !== "due") return listed((values) => byAge(filter, after, values));
  const due = after?.isDue === false ? [] : await listed((values) => byDue(filter, after, values));
  if (due.length >= limit) return due;
  const others = { ...filter, limit: limit - due.length };
  const position = after?.isDue === true ? undefined : after;
  return [...due, ...(await listed((values) => byAge(others, position, values, ["wake_at IS NULL"])))];
}

export async function countRuns({ database }: Session): Promise<RunCount[]> {
  const counts = await database.query<RunCount>(
    `SELECT workflow, file, CASE WHEN blocked IS NULL THEN status ELSE 'blocked' END AS status, count(*)::integer AS count FROM @.runs GROUP BY 1, 2, 3`,
  );
  return counts.map(({ workflow, file, status, count }) => ({
    workflow: decodeText(workflow),
    file: decodeText(file),
    status,
    count,
  }));
}

/** Runs that need an owner, oldest first. One SELECT for each way to need one, so that an index finds them beside any number of healthy runs. */
export async function unfinished({ database, now }: Session, filter: UnfinishedFilter): Promise<RunRow[]> {
  const { workflows, runs, limit, alive = [], dead = [], except = [], blocked = true } = filter;
  const values = newValues();
  const time = `(SELECT @.clock(${values.add(now())}))`;
  const only = [
    ...conditionsOf(runs ? { runs } : {}, values),
    `(begin_by IS NULL OR begin_by >= ${time})`,
    ...(except.length === 0 ? [] : [`id <> ALL (${values.add(texts(except))}::text[])`]),
  ];
  const order = `ORDER BY created_at, number LIMIT ${values.add(atMost(limit))}`;
  const living = values.add(texts(alive));
  const arms = [
    ["status = 'pending' AND NOT in_line AND blocked IS NULL"],
    ...(blocked ? [["status = 'pending' AND NOT in_line AND blocked IS NOT NULL"]] : []),
    [`status = 'running' AND NOT in_line AND lease_until < ${time} AND owner <> ALL (${living}::text[])`],
    [`status = 'waiting' AND wake_at <= ${time}`],
  ];
  if (dead.length > 0) {
    const ended = `${values.add(texts(dead))}::text[]`;
    // not those of the second SELECT as well
    const others = `NOT (lease_until < ${time} AND owner <> ALL (${living}::text[]))`;
    arms.push([`status = 'running' AND NOT in_line AND @.short(owner) = ANY (@.shorts(${ended})) AND ${others}`]);
  }
  // the index of pending runs has them by workflow
  const names = workflows && `unnest(${values.add(texts([...new Set(workflows)]))}::text[]) AS name`;
  const selects = arms.map((of) =>
    names === undefined
      ? `(SELECT ${COLUMNS} FROM @.runs ${whereOf([...of, ...only])} ${order})`
      : `(SELECT r.* FROM ${names}, LATERAL (SELECT ${COLUMNS} FROM @.runs ${whereOf([...of, ...only, "@.short(workflow) = @.short(name)"])} ${order}) AS r)`,
  );
  return (await database.query<RunColumns>(`${selects.join(" UNION ALL ")} ${order}`, values.all)).map(runOf);
}

export async function owners({ database }: Session): Promise<string[]> {
  const [row] = await database.query<{ owners: string[] }>("SELECT @.owners() AS owners");
  return row?.owners.map(decodeText) ?? [];
}

export async function prune({ database, now }: Session, filter: PruneFilter): Promise<number> {
  const { endedBefore, status = ["completed", "failed", "cancelled"], workflow, keep = 0, limit } = filter;
  const values = [endedBefore, status, workflow ? texts(workflow) : null, keep, atMost(limit), now()];
  const [pruned] = await database.query<{ count: number }>("SELECT @.prune($1, $2, $3, $4, $5, $6) AS count", values);
  return pruned?.count ?? 0;
}
