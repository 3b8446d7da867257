/**
 * `runs.number` is the order of creation and the short key of the other tables. What changes often stands before what may be
 * long, so that neither reading nor changing it touches the pages of a long input.
 *
 * Times are REAL, since a time may have a fraction; SQLite writes those without one as integers.
 *
 * `steps`: kind and state are numbers (steps.ts knows them). The only indexes on it hold open steps, so a step that goes straight to its
 * checkpoint, as nearly all do, costs one row and nothing else.
 */
export default `
CREATE TABLE runs (
  number      INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  status      TEXT NOT NULL,
  epoch       INTEGER NOT NULL,
  owner       TEXT,
  lease_until REAL,
  wake_at     REAL,
  updated_at  REAL NOT NULL,
  created_at  REAL NOT NULL,
  workflow    TEXT NOT NULL,
  file        TEXT NOT NULL,
  input_hash  TEXT NOT NULL,
  code        TEXT NOT NULL,
  code_seq    INTEGER NOT NULL,
  seed        TEXT NOT NULL,
  parent      TEXT,
  cancel      TEXT,
  blocked     TEXT,
  unhandled   TEXT,
  input       TEXT NOT NULL,
  output      TEXT
) STRICT;
CREATE INDEX runs_by_age ON runs (created_at);
CREATE INDEX runs_by_status ON runs (status, created_at);
CREATE INDEX runs_by_wake ON runs (wake_at) WHERE status = 'waiting';

CREATE TABLE steps (
  run         INTEGER NOT NULL,
  id          TEXT NOT NULL,
  kind        INTEGER NOT NULL,
  state       INTEGER NOT NULL,
  seq         INTEGER,
  attempt     INTEGER NOT NULL,
  started_at  REAL NOT NULL,
  finished_at REAL,
  due_at      REAL,
  target      TEXT,
  location    TEXT,
  input_hash  TEXT NOT NULL,
  output      TEXT,
  PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX steps_open ON steps (run, kind, target) WHERE state = 0;
CREATE INDEX steps_open_by_child ON steps (target) WHERE state = 0 AND kind = 3;

CREATE TABLE signals (
  number   INTEGER PRIMARY KEY,
  run      INTEGER NOT NULL,
  name     TEXT NOT NULL,
  slot     INTEGER NOT NULL,
  consumed INTEGER NOT NULL DEFAULT 0,
  at       REAL NOT NULL,
  payload  TEXT NOT NULL,
  UNIQUE (run, name, slot)
) STRICT;
CREATE INDEX signals_unconsumed ON signals (run) WHERE consumed = 0;
`;
