/**
 * `queue_items.lent`: a step that uses a slot which another has. It counts for the rate, and for no other limit, so the indexes of what does leave it out.
 * `queues.lent_turn`: the turn of these steps, which are one key for that.
 * `joined_starts`: which starts have joined a run that gathers.
 */
export default `
ALTER TABLE queue_items ADD COLUMN lent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queues ADD COLUMN lent_turn INTEGER NOT NULL DEFAULT 0;
DROP INDEX queue_items_waiting;
CREATE INDEX queue_items_waiting ON queue_items (queue, key, rank, number) WHERE state = 1 AND lent = 0;
DROP INDEX queue_items_running;
CREATE INDEX queue_items_running ON queue_items (queue, key, state, counts) WHERE state >= 2 AND lent = 0;
CREATE INDEX queue_items_lent ON queue_items (queue, state, rank, number) WHERE lent = 1;
CREATE TABLE joined_starts (id TEXT PRIMARY KEY, run TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX joined_starts_by_age ON joined_starts (at);
`;
