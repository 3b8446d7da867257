import { FIRST, isOffered } from "./line.ts";
import { isClaimable } from "./starting.ts";

/** How many candidates are looked at together at least. */
const PAGE = 50;

/** A condition: the run `r` is of the file, and not blocked under the code, that the description `e` names. */
const isDescribed = `(e.file IS NULL OR r.file = e.file) AND NOT coalesce(e."notFiles" ? r.file, false)`;

const EXECUTABLES = `jsonb_to_recordset(q->'executables') AS e (workflow text, file text, "notFiles" jsonb, "notBlockedUnder" text)`;

/** Runs of the given status for each description. */
const arm = (status: string, conditions: string): string => `
      (SELECT r.number, r.created_at, r.queue FROM ${EXECUTABLES}, LATERAL (
        SELECT r.number, r.created_at, r.queue::text FROM @.runs r
        WHERE ${status} AND ${conditions} AND ${isDescribed} AND r.id <> ALL (excepted) AND (r.begin_by IS NULL OR r.begin_by >= now)
          AND (queues IS NULL OR r.queue = ANY (queues)) AND (r.created_at, r.number) > (from_time, from_number)
        ORDER BY r.created_at, r.number LIMIT most) AS r)`;

const ofWorkflow = "@.short(r.workflow) = @.short(e.workflow)";
const isRunning = "r.status = 'running' AND NOT r.in_line AND r.workflow = e.workflow AND (r.stalls > 0) = is_stalled";

/** How runs get their owners. */
export const claiming = `
-- The steps of a run, as rows.
CREATE FUNCTION @.steps_of(wanted bigint) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_agg(json_build_array(s.id, s.kind, s.state, s.seq, s.attempt, s.started_at, s.finished_at, s.due_at,
      s.target, s.location, s.input_hash, s.output, s.failed_attempts, s.input) ORDER BY s.seq NULLS LAST) FROM @.steps s WHERE s.run = wanted
$$;

-- The owner that a run was taken from by its latest claim.
CREATE FUNCTION @.taken_from(r @.runs) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT taken_from FROM @.executions WHERE run = r.number AND epoch = r.epoch
$$;

-- Gives a run with a queue its slot, or its place in line. NULL: it may not be claimed now.
CREATE FUNCTION @.admit(r @.runs, now float8) RETURNS @.queue_items LANGUAGE plpgsql AS $$
DECLARE item @.queue_items;
BEGIN
  SELECT * INTO item FROM @.queue_items WHERE @.short(run) = @.short(r.id) AND step = '';
  IF item.state = 3 OR ${isOffered("item", "now")} THEN RETURN item; END IF;
  IF item.number IS NOT NULL THEN
    PERFORM @.fill(item.queue, now);
    SELECT * INTO item FROM @.queue_items WHERE number = item.number;
  ELSE
    UPDATE @.runs SET status = 'pending', owner = NULL, lease_until = NULL, wake_at = NULL, blocked = NULL, in_line = true
      WHERE number = r.number;
    item := @.enter(@.queue_of(r.queue), coalesce(r.queue_key, ''), r.id, '', r.epoch,
      CASE WHEN r.cancel IS NULL THEN coalesce(r.queue_rank, 0) ELSE ${FIRST} END, now, r.epoch = 0, false, r.workflow);
  END IF;
  IF ${isOffered("item", "now")} THEN RETURN item; END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION @.claim(wanted text, new_owner text, ms float8, from_owner text, from_epoch integer, test_time float8) RETURNS SETOF @.runs LANGUAGE plpgsql AS $$
DECLARE r @.runs; claimed @.runs; item @.queue_items; now float8;
BEGIN
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted);
  IF r.queue IS NOT NULL THEN PERFORM @.lock_queues(ARRAY[wanted]); END IF;
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted) FOR NO KEY UPDATE;
  now := @.clock(test_time);
  IF r.number IS NULL OR ${isClaimable("r")} IS NOT TRUE THEN RETURN; END IF;
  IF r.queue IS NOT NULL THEN
    item := @.admit(r, now);
    IF item.number IS NULL THEN RETURN; END IF;
  END IF;
  claimed := @.own(r.number, new_owner, now + ms, now, from_owner, from_epoch);
  IF claimed.number IS NULL THEN RETURN; END IF;
  IF item.number IS NOT NULL THEN PERFORM @.take(item, new_owner, NULL, claimed.epoch, now); END IF;
  INSERT INTO @.executions (run, epoch, owner, claimed_at, taken_from, released_at)
    VALUES (r.number, claimed.epoch, new_owner, now, r.owner, r.released_at);
  RETURN NEXT claimed;
END $$;

-- The same for several runs, with their steps. Whom another such call is just about to claim is left to it: workers that look at the same time do not wait for each other.
CREATE FUNCTION @.claim_runs(claims jsonb, test_time float8) RETURNS TABLE (place bigint, claimed @.runs, taken_from text, steps json, streams json) LANGUAGE plpgsql AS $$
DECLARE each jsonb;
BEGIN
  PERFORM @.lock_queues(array(SELECT wanted->>'run' FROM jsonb_array_elements(claims) AS wanted));
  FOR each, place IN SELECT e.value, e.ordinality FROM jsonb_array_elements(claims) WITH ORDINALITY AS e LOOP
    CONTINUE WHEN NOT pg_try_advisory_xact_lock(hashtext(@@ || ' claims'), hashtext(each->>'run'));
    SELECT * INTO claimed FROM @.claim(each->>'run', each->'lease'->>'owner', (each->'lease'->>'ms')::float8,
      each->'from'->>'owner', (each->'from'->>'epoch')::integer, test_time);
    CONTINUE WHEN claimed.number IS NULL;
    taken_from := @.taken_from(claimed);
    steps := @.steps_of(claimed.number);
    streams := @.streams_of(claimed.number);
    RETURN NEXT;
  END LOOP;
END $$;

-- Runs that need an owner and that the request is about, after a place in the order of their age. Only those of dead owners may be stalled.
CREATE FUNCTION @.needing(q jsonb, now float8, is_stalled boolean, from_time float8, from_number bigint, most integer)
RETURNS TABLE (number bigint, created_at float8, queue text) LANGUAGE plpgsql STABLE AS $$
DECLARE
  alive text[] := array(SELECT jsonb_array_elements_text(q->'alive')); dead text[] := array(SELECT jsonb_array_elements_text(q->'dead'));
  excepted text[] := array(SELECT jsonb_array_elements_text(q->'except')); queues text[];
BEGIN
  IF q ? 'queues' THEN queues := array(SELECT jsonb_array_elements_text(q->'queues')); END IF;
  RETURN QUERY SELECT f.number, f.created_at, f.queue FROM (
      ${arm("r.status = 'pending' AND NOT r.in_line AND r.blocked IS NULL AND NOT is_stalled", ofWorkflow)}
      UNION ALL ${arm(
        "r.status = 'pending' AND NOT r.in_line AND r.blocked IS NOT NULL AND NOT is_stalled AND coalesce((q->>'blocked')::boolean, true)",
        `${ofWorkflow} AND (e."notBlockedUnder" IS NULL OR r.blocked->>'code' <> e."notBlockedUnder")`,
      )}
      UNION ALL ${arm("r.status = 'waiting' AND r.wake_at <= now AND NOT is_stalled", "r.workflow = e.workflow")}
      UNION ALL ${arm(isRunning, "r.lease_until < now AND r.owner <> ALL (alive || dead)")}
      UNION ALL ${arm(isRunning, "@.short(r.owner) = ANY (@.shorts(dead))")}
    ) AS f ORDER BY f.created_at, f.number LIMIT most;
END $$;

-- The owners of running runs: one look at an index for each owner, however many runs it has.
CREATE FUNCTION @.owners() RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE all_owners text[] := '{}'; latest text;
BEGIN
  LOOP
    latest := (SELECT owner FROM @.runs WHERE status = 'running' AND (latest IS NULL OR @.short(owner) > @.short(latest)) ORDER BY @.short(owner) LIMIT 1);
    IF latest IS NULL THEN RETURN all_owners; END IF;
    all_owners := all_owners || latest;
  END LOOP;
END $$;

-- What there is to do besides, and when there will be. Of what is overdue, only what any process can do counts.
CREATE FUNCTION @.outlook(now float8) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE begin_at float8; end_at float8;
BEGIN
  begin_at := (SELECT min(begin_by) FROM @.runs WHERE begin_by IS NOT NULL);
  end_at := (SELECT min(end_by) FROM @.runs WHERE end_by IS NOT NULL AND cancel IS NULL);
  RETURN json_build_object(
    'owners', to_json(@.owners()),
    'upkeep', coalesce(least(begin_at, end_at) <= now, false) OR EXISTS (SELECT 1 FROM @.queue_items),
    'schedules', EXISTS (SELECT 1 FROM @.schedules WHERE NOT paused AND (next_at <= now OR waiting <> '[]')),
    'nextAt', least(begin_at, end_at,
      (SELECT min(wake_at) FROM @.runs WHERE status = 'waiting' AND wake_at > now),
      (SELECT min(lease_until) FROM @.runs WHERE status = 'running' AND lease_until >= now),
      (SELECT min(next_at) FROM @.schedules WHERE NOT paused AND next_at > now)));
END $$;

-- Claims the runs that are next (S20). It waits for nothing: what another transition has locked is passed over.
CREATE FUNCTION @.claim_next(q jsonb, test_time float8) RETURNS TABLE (claimed @.runs, taken_from text, steps json, streams json, remaining integer, outlook json) LANGUAGE plpgsql AS $$
DECLARE
  now float8 := @.clock(test_time); wanted integer := (q->>'limit')::integer; page integer := greatest(wanted, ${PAGE}); done integer := 0; seen integer;
  alive text[] := array(SELECT jsonb_array_elements_text(q->'alive')); dead text[] := array(SELECT jsonb_array_elements_text(q->'dead'));
  lease jsonb := q->'lease'; is_stalled boolean := false; from_time float8 := '-Infinity'; from_number bigint := 0; passed boolean := false;
  each record; r @.runs; item @.queue_items; locked text[] := '{}'; from_owner text;
BEGIN
  WHILE done < wanted LOOP
    seen := 0;
    FOR each IN SELECT * FROM @.needing(q, now, is_stalled, from_time, from_number, page) LOOP
      EXIT WHEN done = wanted;
      seen := seen + 1;
      from_time := each.created_at;
      from_number := each.number;
      IF each.queue IS NOT NULL AND each.queue <> ALL (locked) THEN
        PERFORM 1 FROM @.queues WHERE @.short(name) = @.short(each.queue) FOR UPDATE SKIP LOCKED;
        IF NOT FOUND AND EXISTS (SELECT 1 FROM @.queues WHERE @.short(name) = @.short(each.queue)) THEN
          passed := true;
          CONTINUE;
        END IF;
        locked := locked || each.queue;
      END IF;
      SELECT * INTO r FROM @.runs AS x WHERE x.number = each.number AND x.queue IS NOT DISTINCT FROM each.queue AND (x.begin_by IS NULL OR x.begin_by >= now) AND CASE x.status
          WHEN 'pending' THEN NOT x.in_line WHEN 'waiting' THEN x.wake_at <= now
          WHEN 'running' THEN NOT x.in_line AND (x.owner = ANY (dead) OR (x.lease_until < now AND x.owner <> ALL (alive))) END
        FOR NO KEY UPDATE SKIP LOCKED;
      IF r.number IS NULL THEN
        passed := true;
        CONTINUE;
      END IF;
      from_owner := CASE WHEN r.owner = ANY (dead) THEN r.owner END;
      item := NULL;
      IF r.queue IS NOT NULL THEN
        item := @.admit(r, now);
        CONTINUE WHEN item.number IS NULL;
      END IF;
      claimed := @.own(r.number, lease->>'owner', now + (lease->>'ms')::float8, now, from_owner, r.epoch);
      CONTINUE WHEN claimed.number IS NULL;
      IF item.number IS NOT NULL THEN PERFORM @.take(item, lease->>'owner', NULL, claimed.epoch, now); END IF;
      INSERT INTO @.executions (run, epoch, owner, claimed_at, taken_from, released_at)
        VALUES (r.number, claimed.epoch, lease->>'owner', now, r.owner, r.released_at);
      taken_from := r.owner;
      steps := @.steps_of(r.number);
      streams := @.streams_of(r.number);
      done := done + 1;
      RETURN NEXT;
      EXIT WHEN is_stalled;
    END LOOP;
    EXIT WHEN is_stalled;
    IF seen < page AND done < wanted THEN
      EXIT WHEN coalesce((q->>'stalled')::boolean, false) IS FALSE;
      is_stalled := true;
      from_time := '-Infinity';
    END IF;
  END LOOP;
  claimed := NULL;
  taken_from := NULL;
  steps := NULL;
  streams := NULL;
  remaining := 0;
  IF (q->>'count')::integer > 0 AND (done >= wanted OR passed) THEN
    remaining := (SELECT count(*) FROM @.needing(q, now, false, '-Infinity', 0, (q->>'count')::integer));
  END IF;
  IF (q->>'outlook')::boolean THEN outlook := @.outlook(now); END IF;
  RETURN NEXT;
END $$;
`;
