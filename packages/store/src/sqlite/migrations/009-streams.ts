/**
 * `stream_entries.kind` is a number (streams.ts knows it). `origin` is who wrote it, NULL for a reset of all. `value` of a reset is where it resets from.
 * `stream_parts` has a row for each writer with an entry that is no reset: a claim reads it, and not the entries.
 */
export default `
CREATE TABLE streams (
  number INTEGER PRIMARY KEY,
  run    INTEGER NOT NULL,
  name   TEXT NOT NULL,
  next   INTEGER NOT NULL,
  bytes  INTEGER NOT NULL,
  UNIQUE (run, name)
) STRICT;
CREATE TABLE stream_parts (
  stream   INTEGER NOT NULL,
  origin   TEXT NOT NULL,
  first    INTEGER NOT NULL,
  chunks   INTEGER NOT NULL,
  keep     INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (stream, origin)
) STRICT, WITHOUT ROWID;
CREATE TABLE stream_entries (
  stream INTEGER NOT NULL,
  place  INTEGER NOT NULL,
  kind   INTEGER NOT NULL,
  keep   INTEGER NOT NULL,
  origin TEXT,
  value  TEXT,
  PRIMARY KEY (stream, place)
) STRICT, WITHOUT ROWID;
`;
