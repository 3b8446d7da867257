import type { RunStatus, StreamPage, StreamQuery, StreamStore } from "@perdure/store/contract";
import { encodeText } from "../connection/text.ts";
import { entryOf, headsOf, type EntryColumns, type HeadColumns } from "../rows/streams.ts";
import type { Session, Use } from "./session.ts";

export const postgresStreams = (use: Use): StreamStore => ({
  readStream: (query) => use((session) => readStream(session, query)),
  streams: (run) =>
    use(async ({ database }) => {
      const [row] = await database.query<{ heads: readonly HeadColumns[] | null }>(
        "SELECT @.streams_of(number) AS heads FROM @.runs WHERE @.short(id) = @.short($1)",
        [encodeText(run)],
      );
      return headsOf(row?.heads ?? []);
    }),
});

/** One statement, so that the entries, `next`, the status and the epoch are of one moment (W3). */
const READ = `SELECT r.status, r.epoch, s.next, (
    SELECT json_agg(json_build_array(place, kind, keep, origin, value) ORDER BY place) FROM (
      SELECT *, row_number() OVER in_order AS position, sum(@.bytes(kind, value)) OVER in_order - @.bytes(kind, value) AS before FROM (
        SELECT place, kind, keep, origin, value FROM @.stream_entries
        WHERE stream = s.number AND place >= $3::bigint AND ($6::text IS NULL OR origin IS NULL OR origin = $6) ORDER BY place LIMIT $4
      ) AS page WINDOW in_order AS (ORDER BY place)
    ) AS sized WHERE $5::float8 IS NULL OR position = 1 OR before < $5
  ) AS entries
  FROM @.runs r LEFT JOIN @.streams s ON s.run = r.number AND @.short(s.name) = @.short($2) WHERE @.short(r.id) = @.short($1)`;

async function readStream(
  { database }: Session,
  { run, stream, from, limit, bytes, part }: StreamQuery,
): Promise<StreamPage | undefined> {
  const [row] = await database.query<{
    readonly status: RunStatus;
    readonly epoch: number;
    readonly next: number | null;
    readonly entries: readonly EntryColumns[] | null;
  }>(READ, [
    encodeText(run),
    encodeText(stream),
    from,
    Number.isFinite(limit) ? limit : null,
    bytes !== undefined && Number.isFinite(bytes) ? bytes : null,
    part === undefined ? null : encodeText(part),
  ]);
  if (!row) return undefined;
  const { status, epoch, next, entries } = row;
  return { entries: (entries ?? []).map(entryOf), next: next ?? 0, status, epoch };
}
