const KINDS = ["task", "sleep", "signal", "child", "start", "cancel"];

/** Milliseconds since 1970 as text, such as `2026-11-26T04:30:00.125Z`. */
const time = (column: string): string => `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch')`;

/**
 * `runs.started_at` is the time that the workflow reads before its first step. `deleted_runs` keeps the epochs of deleted runs: a run that is
 * created again with such an id continues from there, so that an owner of the old run stays fenced. `executions` has the claims of runs (S19); of
 * runs from earlier versions of the schema it has those that are still to come.
 *
 * `runs_by_status` has all that counting runs and looking for those without a due time needs, so that their rows are not read.
 *
 * The views are for people and their tools. Their columns keep their names and meanings in later versions of the schema.
 */
export default `
ALTER TABLE runs ADD COLUMN tags TEXT;
ALTER TABLE runs ADD COLUMN fork_of TEXT;
ALTER TABLE runs ADD COLUMN progress TEXT;
ALTER TABLE runs ADD COLUMN trace TEXT;
ALTER TABLE runs ADD COLUMN started_at REAL NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN released_at REAL;
UPDATE runs SET started_at = created_at, released_at = CASE WHEN owner IS NULL AND epoch > 0 THEN updated_at END;
DROP INDEX runs_by_status;
CREATE INDEX runs_by_status ON runs (status, created_at, number, workflow, file, blocked, wake_at);
CREATE INDEX runs_by_parent ON runs (parent, created_at) WHERE parent IS NOT NULL;
ALTER TABLE steps ADD COLUMN failed_attempts TEXT;
ALTER TABLE steps ADD COLUMN input TEXT;
CREATE TABLE executions (
  run         INTEGER NOT NULL,
  epoch       INTEGER NOT NULL,
  owner       TEXT NOT NULL,
  claimed_at  REAL NOT NULL,
  taken_from  TEXT,
  released_at REAL,
  PRIMARY KEY (run, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE deleted_runs (
  id    TEXT NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,
  at    REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_runs_by_age ON deleted_runs (at);
CREATE VIEW perdure_runs AS SELECT
  id, workflow, file, status,
  CASE WHEN blocked IS NULL THEN NULL WHEN json_valid(blocked) THEN json_extract(blocked, '$.error') ELSE 'STORE_CORRUPT' END AS blocked,
  tags, parent, fork_of, progress, restarts, owner,
  ${time("created_at")} AS created_at, ${time("updated_at")} AS updated_at, ${time("wake_at")} AS wake_at,
  input, output
FROM runs;
CREATE VIEW perdure_steps AS SELECT
  runs.id AS run, runs.workflow, steps.seq, steps.id AS step,
  CASE steps.kind ${KINDS.map((kind, number) => `WHEN ${number} THEN '${kind}'`).join(" ")} END AS kind,
  CASE steps.state WHEN 0 THEN 'open' WHEN 1 THEN 'completed' WHEN 2 THEN 'failed' END AS state,
  steps.attempt AS attempts, steps.location, steps.target,
  ${time("steps.started_at")} AS started_at, ${time("steps.finished_at")} AS finished_at, ${time("steps.due_at")} AS due_at,
  steps.finished_at - steps.started_at AS milliseconds,
  steps.input, steps.output
FROM steps JOIN runs ON runs.number = steps.run;
`;
