/** `claimed_seq` is the last checkpoint that the run had when it was claimed. `early_signals` holds deliveries to runs that do not exist yet. */
export default `
ALTER TABLE runs ADD COLUMN stalls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN claimed_seq INTEGER NOT NULL DEFAULT 0;
CREATE TABLE early_signals (
  number  INTEGER PRIMARY KEY,
  run_id  TEXT NOT NULL,
  name    TEXT NOT NULL,
  at      REAL NOT NULL,
  payload TEXT NOT NULL
) STRICT;
CREATE INDEX early_signals_by_run ON early_signals (run_id);
CREATE INDEX early_signals_by_age ON early_signals (at);
`;
