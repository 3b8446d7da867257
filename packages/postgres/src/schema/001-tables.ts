const TEXT = `text COLLATE "C"`;

/**
 * The tables. `@.` stands for the schema.
 *
 * `runs.number` is the order of creation and the short key of the other tables. A text that a user gives may be longer than an index allows, so the
 * indexes hold `short(text)`, which every query names as well. Times are milliseconds since 1970; they may have a fraction.
 *
 * `steps`: kind and state are numbers (rows/steps.ts knows them). Of its two other indexes, both hold open steps only, so a step that goes straight to its
 * checkpoint, as nearly all do, costs one row and one entry.
 *
 * `deleted_runs` keeps the epochs of deleted runs: a run that is created again with such an id continues from there, so that an owner of the old run stays fenced.
 *
 * `batches` has the answers to batches of writes for a while, so that one which is asked again, since its answer was lost, is not done twice.
 *
 * `stream_entries`: `kind` is a number (functions/streams.ts knows it), `origin` is who wrote it, NULL for a reset of all, and `value` of a reset is where it resets from. `stream_parts`
 * has a row for each writer with an entry that is no reset: a claim reads it, and not the entries.
 *
 * `queue_items` has what stands in line or has a slot: runs, with an empty `step`, and steps. Its states: 0 aside, 1 waiting, 2 offered, 3 taken. `queue_keys` has the
 * keys that have items, except for steps that are `lent` a slot: these are one key, whose turn is `queues.lent_turn`. `ready`: somebody waits, and the key has a slot left; 1 if taking it is a start, else 2. `queue_starts` has the recent starts of queues
 * with a rate, `throttled` those of throttled runs, `joined_starts` which starts
 * have joined a run that gathers.
 */
export const tables = `
CREATE TABLE @.runs (
  number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  epoch        integer NOT NULL,
  stalls       integer NOT NULL DEFAULT 0,
  claimed_seq  integer NOT NULL DEFAULT 0,
  code_seq     integer NOT NULL DEFAULT 0,
  restarts     integer NOT NULL DEFAULT 0,
  lease_until  float8,
  wake_at      float8,
  created_at   float8 NOT NULL,
  started_at   float8 NOT NULL,
  updated_at   float8 NOT NULL,
  released_at  float8,
  begin_by     float8,
  end_by       float8,
  gather_until float8,
  queue_rank   float8,
  compensated  boolean NOT NULL DEFAULT false,
  in_line      boolean NOT NULL DEFAULT false,
  batch        boolean NOT NULL DEFAULT false,
  hold         boolean,
  id           ${TEXT} NOT NULL,
  status       ${TEXT} NOT NULL,
  owner        ${TEXT},
  workflow     ${TEXT} NOT NULL,
  file         ${TEXT} NOT NULL,
  input_hash   ${TEXT} NOT NULL,
  code         ${TEXT} NOT NULL,
  seed         ${TEXT} NOT NULL,
  parent       ${TEXT},
  schedule     ${TEXT},
  fork_of      ${TEXT},
  queue        ${TEXT},
  queue_key    ${TEXT},
  gathering    ${TEXT},
  tags         jsonb,
  blocked      jsonb,
  unhandled    jsonb,
  trace        ${TEXT},
  cancel       ${TEXT},
  progress     ${TEXT},
  code_history ${TEXT},
  input        ${TEXT} NOT NULL,
  output       ${TEXT}
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX runs_by_id ON @.runs (@.short(id));
CREATE INDEX runs_by_age ON @.runs (created_at, number);
CREATE INDEX runs_by_status ON @.runs (status, created_at, number);
CREATE INDEX runs_ready ON @.runs (@.short(workflow), created_at, number) WHERE status = 'pending' AND NOT in_line AND blocked IS NULL;
CREATE INDEX runs_blocked ON @.runs (@.short(workflow), created_at, number) WHERE blocked IS NOT NULL;
CREATE INDEX runs_by_lease ON @.runs (lease_until) WHERE status = 'running';
CREATE INDEX runs_by_owner ON @.runs (@.short(owner)) WHERE status = 'running';
CREATE INDEX runs_by_wake ON @.runs (wake_at, number) WHERE status = 'waiting';
CREATE INDEX runs_by_parent ON @.runs (@.short(parent), created_at) WHERE parent IS NOT NULL;
CREATE INDEX runs_by_begin ON @.runs (begin_by) WHERE begin_by IS NOT NULL;
CREATE INDEX runs_by_end ON @.runs (end_by) WHERE end_by IS NOT NULL;
CREATE UNIQUE INDEX runs_gathering ON @.runs (@.short(workflow), @.short(gathering)) WHERE gathering IS NOT NULL;
CREATE INDEX runs_by_schedule ON @.runs (@.short(schedule))
  WHERE schedule IS NOT NULL AND status IN ('pending', 'running', 'waiting');

CREATE TABLE @.deleted_runs (
  epoch integer NOT NULL,
  at    float8 NOT NULL,
  id    ${TEXT} NOT NULL
);
CREATE UNIQUE INDEX deleted_runs_by_id ON @.deleted_runs (@.short(id));
CREATE INDEX deleted_runs_by_age ON @.deleted_runs (at);

CREATE TABLE @.codes (
  code    ${TEXT} NOT NULL,
  modules ${TEXT} NOT NULL
);
CREATE UNIQUE INDEX codes_by_code ON @.codes (@.short(code));

CREATE TABLE @.executions (
  run         bigint NOT NULL,
  epoch       integer NOT NULL,
  claimed_at  float8 NOT NULL,
  released_at float8,
  owner       ${TEXT} NOT NULL,
  taken_from  ${TEXT},
  PRIMARY KEY (run, epoch)
);

CREATE TABLE @.batches (
  id      ${TEXT} PRIMARY KEY,
  at      float8 NOT NULL,
  answers boolean[] NOT NULL
);
CREATE INDEX batches_by_age ON @.batches (at);

CREATE TABLE @.steps (
  run             bigint NOT NULL,
  seq             integer,
  attempt         integer NOT NULL,
  kind            smallint NOT NULL,
  state           smallint NOT NULL,
  started_at      float8 NOT NULL,
  finished_at     float8,
  due_at          float8,
  id              ${TEXT} NOT NULL,
  input_hash      ${TEXT} NOT NULL,
  location        ${TEXT},
  target          ${TEXT},
  failed_attempts ${TEXT},
  output          ${TEXT},
  input           ${TEXT}
);
CREATE UNIQUE INDEX steps_by_id ON @.steps (run, @.short(id));
CREATE INDEX steps_open ON @.steps (run, kind) WHERE state = 0;
CREATE INDEX steps_open_by_child ON @.steps (@.short(target)) WHERE state = 0 AND kind = 3;

CREATE TABLE @.signals (
  number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run      bigint NOT NULL,
  slot     integer NOT NULL,
  consumed boolean NOT NULL DEFAULT false,
  at       float8 NOT NULL,
  name     ${TEXT} NOT NULL,
  payload  ${TEXT} NOT NULL
);
CREATE UNIQUE INDEX signals_by_name ON @.signals (run, @.short(name), slot);
CREATE INDEX signals_unconsumed ON @.signals (run, number) WHERE NOT consumed;
CREATE TABLE @.early_signals (
  number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      float8 NOT NULL,
  run_id  ${TEXT} NOT NULL,
  name    ${TEXT} NOT NULL,
  payload ${TEXT} NOT NULL
);
CREATE INDEX early_signals_by_run ON @.early_signals (@.short(run_id));
CREATE INDEX early_signals_by_age ON @.early_signals (at);

CREATE TABLE @.streams (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run    bigint NOT NULL,
  bytes  bigint NOT NULL DEFAULT 0,
  next   integer NOT NULL DEFAULT 0,
  name   ${TEXT} NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX streams_by_name ON @.streams (run, @.short(name));
CREATE TABLE @.stream_parts (
  stream   bigint NOT NULL,
  first    integer NOT NULL,
  chunks   integer NOT NULL,
  ended_at integer,
  keep     boolean NOT NULL,
  origin   ${TEXT} NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX stream_parts_by_origin ON @.stream_parts (stream, @.short(origin));
CREATE TABLE @.stream_entries (
  stream bigint NOT NULL,
  place  integer NOT NULL,
  kind   smallint NOT NULL,
  keep   boolean NOT NULL,
  origin ${TEXT},
  value  ${TEXT},
  PRIMARY KEY (stream, place)
);

CREATE TABLE @.queues (
  number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  defined     boolean NOT NULL DEFAULT false,
  concurrency integer,
  per_key     integer,
  rate_limit  integer,
  rate_per    float8,
  rate_slack  float8,
  turn        bigint NOT NULL DEFAULT 0,
  lent_turn   bigint NOT NULL DEFAULT 0,
  starts      bigint NOT NULL DEFAULT 0,
  look_at     float8,
  name        ${TEXT} NOT NULL
);
CREATE UNIQUE INDEX queues_by_name ON @.queues (@.short(name));
CREATE TABLE @.queue_items (
  number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue    bigint NOT NULL,
  epoch    integer NOT NULL,
  state    smallint NOT NULL,
  counts   boolean NOT NULL,
  lent     boolean NOT NULL,
  rank     float8 NOT NULL,
  since    float8 NOT NULL,
  until    float8,
  start    bigint,
  key      ${TEXT} NOT NULL,
  run      ${TEXT} NOT NULL,
  step     ${TEXT} NOT NULL,
  workflow ${TEXT} NOT NULL,
  owner    ${TEXT}
);
CREATE INDEX queue_items_by_run ON @.queue_items (@.short(run), number);
CREATE INDEX queue_items_aside ON @.queue_items (@.short(workflow), queue) WHERE state = 0;
CREATE INDEX queue_items_waiting ON @.queue_items (queue, @.short(key), rank, number) WHERE state = 1 AND NOT lent;
CREATE INDEX queue_items_in_line ON @.queue_items (queue, @.short(key), since) WHERE state <= 1;
CREATE INDEX queue_items_offered ON @.queue_items (queue, until) WHERE state = 2;
CREATE INDEX queue_items_running ON @.queue_items (queue, @.short(key)) WHERE state >= 2 AND NOT lent;
CREATE INDEX queue_items_lent ON @.queue_items (queue, state, rank, number) WHERE lent;
CREATE INDEX queue_items_by_owner ON @.queue_items (@.short(owner)) WHERE owner IS NOT NULL;
CREATE TABLE @.queue_keys (
  queue bigint NOT NULL,
  turn  bigint NOT NULL,
  ready smallint NOT NULL DEFAULT 0,
  rank  float8,
  first bigint,
  key   ${TEXT} NOT NULL
);
CREATE UNIQUE INDEX queue_keys_by_key ON @.queue_keys (queue, @.short(key));
CREATE INDEX queue_keys_ready ON @.queue_keys (queue, turn, rank, first) WHERE ready > 0;
CREATE INDEX queue_keys_continuing ON @.queue_keys (queue, turn, rank, first) WHERE ready = 2;
CREATE TABLE @.queue_starts (
  queue  bigint NOT NULL,
  number bigint NOT NULL,
  at     float8 NOT NULL,
  PRIMARY KEY (queue, number)
);
CREATE INDEX queue_starts_by_age ON @.queue_starts (queue, at);
CREATE TABLE @.throttled (
  number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at       float8 NOT NULL,
  workflow ${TEXT} NOT NULL,
  key      ${TEXT} NOT NULL,
  run      ${TEXT} NOT NULL
);
CREATE INDEX throttled_by_key ON @.throttled (@.short(workflow), @.short(key), at);

CREATE TABLE @.joined_starts (
  at  float8 NOT NULL,
  id  ${TEXT} NOT NULL,
  run ${TEXT} NOT NULL
);
CREATE UNIQUE INDEX joined_starts_by_id ON @.joined_starts (@.short(id));
CREATE INDEX joined_starts_by_age ON @.joined_starts (at);

CREATE SEQUENCE @.schedule_revisions AS bigint;
CREATE TABLE @.schedules (
  revision   bigint NOT NULL,
  next_at    float8,
  done_to    float8 NOT NULL,
  anchor     float8 NOT NULL,
  paused     boolean NOT NULL DEFAULT false,
  waiting    jsonb NOT NULL DEFAULT '[]',
  last_at    float8,
  runs       bigint NOT NULL DEFAULT 0,
  skipped    bigint NOT NULL DEFAULT 0,
  created_at float8 NOT NULL,
  directive  boolean NOT NULL,
  overlap    ${TEXT} NOT NULL,
  name       ${TEXT} NOT NULL,
  last_run   ${TEXT},
  timing     ${TEXT} NOT NULL,
  policy     ${TEXT} NOT NULL,
  workflow   ${TEXT} NOT NULL,
  file       ${TEXT} NOT NULL,
  input_hash ${TEXT} NOT NULL,
  code       ${TEXT} NOT NULL,
  input      ${TEXT} NOT NULL
);
CREATE UNIQUE INDEX schedules_by_name ON @.schedules (@.short(name));
CREATE INDEX schedules_by_next ON @.schedules (next_at) WHERE NOT paused;
`;
