/**
 * `runs.in_line`: the run stands in line, so workers need not see it. `gathering`: the key under which further starts join the run.
 *
 * `queue_items` has what stands in line or has a slot: runs, with an empty `step`, and steps. Its states are numbers (flow/items.ts knows them): 0 aside, 1 waiting,
 * 2 offered, 3 taken. `queue_keys` has the keys that have items. `ready`: somebody waits, and the key has a slot left; 1 if taking it is a start, else 2. So the next one is
 * found with two looks at an index, however many wait. `queue_starts` has the recent starts of queues with a rate, `throttled` those of throttled runs.
 */
export default `
ALTER TABLE runs ADD COLUMN queue TEXT;
ALTER TABLE runs ADD COLUMN queue_key TEXT;
ALTER TABLE runs ADD COLUMN queue_rank REAL;
ALTER TABLE runs ADD COLUMN hold INTEGER;
ALTER TABLE runs ADD COLUMN in_line INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN begin_by REAL;
ALTER TABLE runs ADD COLUMN end_by REAL;
ALTER TABLE runs ADD COLUMN gathering TEXT;
ALTER TABLE runs ADD COLUMN gather_until REAL;
CREATE INDEX runs_ready ON runs (created_at, number) WHERE status = 'pending' AND in_line = 0;
CREATE INDEX runs_by_begin ON runs (begin_by) WHERE begin_by IS NOT NULL;
CREATE INDEX runs_by_end ON runs (end_by) WHERE end_by IS NOT NULL;
CREATE UNIQUE INDEX runs_gathering ON runs (workflow, gathering) WHERE gathering IS NOT NULL;

CREATE TABLE queues (
  name        TEXT NOT NULL PRIMARY KEY,
  defined     INTEGER NOT NULL DEFAULT 0,
  concurrency INTEGER,
  per_key     INTEGER,
  rate_limit  INTEGER,
  rate_per    REAL,
  rate_slack  REAL,
  turn        INTEGER NOT NULL DEFAULT 0,
  starts      INTEGER NOT NULL DEFAULT 0,
  look_at     REAL
) STRICT, WITHOUT ROWID;
CREATE TABLE queue_items (
  number   INTEGER PRIMARY KEY,
  queue    TEXT NOT NULL,
  key      TEXT NOT NULL,
  run      TEXT NOT NULL,
  step     TEXT NOT NULL,
  epoch    INTEGER NOT NULL,
  state    INTEGER NOT NULL,
  rank     REAL NOT NULL,
  since    REAL NOT NULL,
  counts   INTEGER NOT NULL,
  workflow TEXT NOT NULL,
  until    REAL,
  owner    TEXT,
  start    INTEGER
) STRICT;
CREATE INDEX queue_items_by_run ON queue_items (run, step, epoch);
CREATE INDEX queue_items_aside ON queue_items (workflow, queue, key) WHERE state = 0;
CREATE INDEX queue_items_waiting ON queue_items (queue, key, rank, number) WHERE state = 1;
CREATE INDEX queue_items_in_line ON queue_items (queue, key, since) WHERE state <= 1;
CREATE INDEX queue_items_offered ON queue_items (until) WHERE state = 2;
CREATE INDEX queue_items_running ON queue_items (queue, key, state, counts) WHERE state >= 2;
CREATE INDEX queue_items_by_owner ON queue_items (owner) WHERE owner IS NOT NULL;
CREATE TABLE queue_keys (
  queue TEXT NOT NULL,
  key   TEXT NOT NULL,
  turn  INTEGER NOT NULL,
  ready INTEGER NOT NULL,
  rank  REAL,
  first INTEGER,
  PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_keys_ready ON queue_keys (queue, ready, turn, rank, first) WHERE ready > 0;
CREATE TABLE queue_starts (
  queue  TEXT NOT NULL,
  number INTEGER NOT NULL,
  at     REAL NOT NULL,
  PRIMARY KEY (queue, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_starts_by_age ON queue_starts (queue, at);
CREATE TABLE throttled (
  number   INTEGER PRIMARY KEY,
  workflow TEXT NOT NULL,
  key      TEXT NOT NULL,
  at       REAL NOT NULL,
  run      TEXT NOT NULL
) STRICT;
CREATE INDEX throttled_by_key ON throttled (workflow, key, at);
`;
