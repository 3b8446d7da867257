/**
 * `schedules.waiting` is a JSON list of times, or NULL. `schedule_revisions` has one row: the last revision that a schedule got.
 *
 * Of `runs_by_schedule` the runs that have ended are left out, so that a schedule of many years is looked at as fast as a new one.
 */
export default `
CREATE TABLE schedules (
  name       TEXT NOT NULL PRIMARY KEY,
  revision   INTEGER NOT NULL,
  next_at    REAL,
  done_to    REAL NOT NULL,
  anchor     REAL NOT NULL,
  paused     INTEGER NOT NULL,
  waiting    TEXT,
  last_at    REAL,
  last_run   TEXT,
  runs       INTEGER NOT NULL,
  skipped    INTEGER NOT NULL,
  created_at REAL NOT NULL,
  directive  INTEGER NOT NULL,
  timing     TEXT NOT NULL,
  policy     TEXT NOT NULL,
  overlap    TEXT NOT NULL,
  workflow   TEXT NOT NULL,
  file       TEXT NOT NULL,
  input_hash TEXT NOT NULL,
  code       TEXT NOT NULL,
  input      TEXT NOT NULL
) STRICT;
CREATE INDEX schedules_by_next ON schedules (next_at) WHERE paused = 0;
CREATE INDEX schedules_waiting ON schedules (name) WHERE paused = 0 AND waiting IS NOT NULL;
CREATE TABLE schedule_revisions (
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO schedule_revisions VALUES (0);
ALTER TABLE runs ADD COLUMN schedule TEXT;
CREATE INDEX runs_by_schedule ON runs (schedule) WHERE schedule IS NOT NULL AND status IN ('pending', 'running', 'waiting');
`;
