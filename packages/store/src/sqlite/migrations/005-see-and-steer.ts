/**
 * `runs.started_at` is the time that the workflow reads before its first step. `deleted_runs` keeps the epochs of deleted runs: a run that is
 * created again with such an id continues from there, so that an owner of the old run stays fenced.
 */
export default `
ALTER TABLE runs ADD COLUMN tags TEXT;
ALTER TABLE runs ADD COLUMN fork_of TEXT;
ALTER TABLE runs ADD COLUMN progress TEXT;
ALTER TABLE runs ADD COLUMN started_at REAL NOT NULL DEFAULT 0;
UPDATE runs SET started_at = created_at;
CREATE INDEX runs_by_parent ON runs (parent, created_at) WHERE parent IS NOT NULL;
ALTER TABLE steps ADD COLUMN input TEXT;
CREATE TABLE deleted_runs (
  id    TEXT NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,
  at    REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_runs_by_age ON deleted_runs (at);
`;
