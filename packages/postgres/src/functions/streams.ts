/** What the numbers in the column `kind` mean. A new word must be appended at the end. */
export const ENTRIES = ["chunk", "end", "error", "reset"] as const;

const codeOf = (type: (typeof ENTRIES)[number]): number => ENTRIES.indexOf(type);
const isReset = `kind = ${codeOf("reset")}`;
const isChunk = `kind = ${codeOf("chunk")}`;

/** A row for each part: what its entries come to. */
const summed = `origin, min(place) AS first, count(*) FILTER (WHERE ${isChunk}) AS chunks, bool_or(keep) AS keep,
      max(place) FILTER (WHERE NOT ${isChunk}) AS ended_at`;

/** The size of a text before it was encoded (connection/text.ts): three characters stand for one. */
const bytesOf = (text: string): string =>
  `(octet_length(${text}) - 2 * (octet_length(${text}) - octet_length(replace(${text}, chr(1), ''))))`;

export const streams = `
-- Without a value, and for a reset, 0.
CREATE FUNCTION @.bytes(kind smallint, value text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN value IS NULL OR ${isReset} THEN 0 ELSE ${bytesOf("value")} END
$$;

-- Further entries of a stream (W1). The row of the run is locked.
CREATE FUNCTION @.append(r @.runs, given jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE s @.streams; added @.stream_entries[]; reset @.stream_entries;
BEGIN
  added := array(SELECT ROW(0, (e->>'index')::integer, (e->>'kind')::smallint, e ? 'keep', e->>'part', e->>'value')::@.stream_entries
    FROM jsonb_array_elements(given->'entries') WITH ORDINALITY AS all_entries (e, position) ORDER BY position);
  SELECT * INTO s FROM @.streams WHERE run = r.number AND @.short(name) = @.short(given->>'stream');
  IF cardinality(added) = 0 OR added[1].place < coalesce(s.next, 0) THEN RETURN false; END IF;
  IF s.number IS NULL THEN INSERT INTO @.streams (run, name) VALUES (r.number, given->>'stream') RETURNING * INTO s; END IF;
  INSERT INTO @.stream_entries SELECT s.number, place, kind, keep, origin, value FROM unnest(added);
  IF EXISTS (SELECT 1 FROM unnest(added) WHERE ${isReset}) THEN
    FOR reset IN SELECT * FROM unnest(added) WHERE ${isReset} ORDER BY place LOOP
      DELETE FROM @.stream_entries e WHERE e.stream = s.number AND e.place >= reset.value::integer AND e.place < reset.place AND NOT e.${isReset}
        AND (reset.origin IS NULL OR e.origin = reset.origin);
    END LOOP;
    DELETE FROM @.stream_parts WHERE stream = s.number;
    INSERT INTO @.stream_parts (stream, origin, first, chunks, keep, ended_at)
      SELECT s.number, ${summed} FROM @.stream_entries WHERE stream = s.number AND NOT ${isReset} GROUP BY origin;
    s.bytes := (SELECT coalesce(sum(@.bytes(kind, value)), 0) FROM @.stream_entries WHERE stream = s.number);
  ELSE
    INSERT INTO @.stream_parts AS known (stream, origin, first, chunks, keep, ended_at)
      SELECT s.number, ${summed} FROM unnest(added) GROUP BY origin
      ON CONFLICT (stream, @.short(origin)) DO UPDATE SET chunks = known.chunks + excluded.chunks, keep = known.keep OR excluded.keep,
        ended_at = coalesce(excluded.ended_at, known.ended_at);
    s.bytes := s.bytes + (SELECT sum(@.bytes(kind, value)) FROM unnest(added));
  END IF;
  UPDATE @.streams SET next = added[cardinality(added)].place + 1, bytes = s.bytes WHERE number = s.number;
  RETURN true;
END $$;

-- The streams of a run, without their entries. NULL: it has none.
CREATE FUNCTION @.streams_of(wanted bigint) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_agg(json_build_object('stream', s.name, 'next', s.next, 'bytes', s.bytes, 'parts', (
    SELECT coalesce(json_agg(json_build_array(p.origin, p.first, p.chunks, p.keep, p.ended_at)), '[]') FROM @.stream_parts p WHERE p.stream = s.number)))
  FROM @.streams s WHERE s.run = wanted
$$;

CREATE FUNCTION @.drop_streams(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM @.stream_entries WHERE stream IN (SELECT number FROM @.streams WHERE run = wanted);
  DELETE FROM @.stream_parts WHERE stream IN (SELECT number FROM @.streams WHERE run = wanted);
  DELETE FROM @.streams WHERE run = wanted;
END $$;

-- What a restart leaves of them: a reset of all parts (W4).
CREATE FUNCTION @.restart_streams(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE s @.streams;
BEGIN
  FOR s IN SELECT * FROM @.streams WHERE run = wanted LOOP
    DELETE FROM @.stream_entries WHERE stream = s.number;
    DELETE FROM @.stream_parts WHERE stream = s.number;
    INSERT INTO @.stream_entries (stream, place, kind, keep, value) VALUES (s.number, s.next, ${codeOf("reset")}, false, '0');
    UPDATE @.streams SET next = s.next + 1, bytes = 0 WHERE number = s.number;
  END LOOP;
END $$;
`;
