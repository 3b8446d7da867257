import { JOINED_LIFETIME } from "@perdure/store/flow";
import { isOffered } from "./line.ts";

/** A condition: this run may be claimed at that time (S2). */
export const isClaimable = (run: string): string =>
  `(${run}.status IN ('pending', 'running', 'waiting')
    AND (${run}.owner IS NULL OR ${run}.lease_until < now OR (${run}.owner = from_owner AND ${run}.epoch = from_epoch))
    AND (${run}.begin_by IS NULL OR ${run}.begin_by >= now))`;

/** How runs come to be, and how they get an owner. */
export const starting = `
-- Locks the rows of runs. One order for all callers: a child, which is younger, before its parent.
CREATE FUNCTION @.lock_runs(ids text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM @.runs WHERE @.short(id) = ANY (@.shorts(ids)) ORDER BY number DESC FOR NO KEY UPDATE;
END $$;

CREATE FUNCTION @.record_code(its_code text, its_modules text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM @.codes WHERE @.short(code) = @.short(its_code)) THEN
    INSERT INTO @.codes (code, modules) VALUES (its_code, its_modules) ON CONFLICT DO NOTHING;
  END IF;
END $$;

-- The locks under which runs are created. The first one keeps deliveries to runs that do not exist away, the others starts that may join the same run, or another run under the same id.
CREATE FUNCTION @.lock_starts(given jsonb, ids text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
DECLARE bucket integer; names text[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtext(@@), -1);
  FOR bucket IN SELECT DISTINCT hashtext(concat(each->>'workflow', key)) & 63
      FROM jsonb_array_elements(given) AS each, unnest(ARRAY[each->'gather'->>'key', each->'throttle'->>'key',
        each->'imported'->'gathers'->>'key', CASE WHEN each ? 'gather' THEN each->>'id' END]) AS key
      WHERE key IS NOT NULL ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(hashtext(@@), bucket);
  END LOOP;
  names := array(SELECT each->'queue'->>'queue' FROM jsonb_array_elements(given) AS each WHERE each ? 'queue');
  IF cardinality(names) > 0 OR cardinality(ids) > 0 THEN PERFORM @.lock_queues(ids, names); END IF;
END $$;

-- The run gathers no more, and is due.
CREATE FUNCTION @.is_full(wanted bigint, at float8) RETURNS void LANGUAGE sql AS $$
  UPDATE @.runs SET gathering = NULL, wake_at = CASE WHEN status = 'waiting' THEN least(coalesce(wake_at, at), at) ELSE wake_at END
  WHERE number = wanted
$$;

-- The run that a start gets which creates none: it joins one that gathers (Q6), or there were too many.
CREATE FUNCTION @.joined(given jsonb, now float8) RETURNS @.runs LANGUAGE plpgsql AS $$
DECLARE
  gather jsonb := given->'gather'; throttle jsonb := given->'throttle'; place jsonb := given->'queue'; found @.runs;
  until float8 := now + (gather->>'wait')::float8;
BEGIN
  IF gather IS NOT NULL THEN
    DELETE FROM @.joined_starts WHERE ctid = ANY (array(
      SELECT ctid FROM @.joined_starts WHERE at <= now - ${JOINED_LIFETIME} FOR UPDATE SKIP LOCKED));
    SELECT r.* INTO found FROM @.joined_starts j JOIN @.runs r ON @.short(r.id) = @.short(j.run)
      WHERE @.short(j.id) = @.short(given->>'id') AND j.at > now - ${JOINED_LIFETIME};
    IF found.number IS NOT NULL THEN RETURN found; END IF;
    SELECT * INTO found FROM @.runs WHERE @.short(workflow) = @.short(given->>'workflow') AND @.short(gathering) = @.short(gather->>'key') FOR NO KEY UPDATE;
  END IF;
  IF found.number IS NOT NULL THEN
    INSERT INTO @.joined_starts (id, run, at) VALUES (given->>'id', found.id, now)
      ON CONFLICT (@.short(id)) DO UPDATE SET run = excluded.run, at = excluded.at;
  END IF;
  IF found.number IS NOT NULL AND gather->>'type' = 'debounce' THEN
    UPDATE @.runs SET input = given->>'input', input_hash = given->>'inputHash' WHERE number = found.number;
    UPDATE @.runs SET wake_at = least(until, gather_until), queue = place->>'queue', queue_key = place->>'key',
        queue_rank = (place->>'rank')::float8, hold = (place->>'hold')::boolean
      WHERE number = found.number AND status = 'waiting';
  ELSIF found.number IS NOT NULL THEN
    found.input := left(found.input, -1) || ',' || (given->>'inputText') || ']';
    UPDATE @.runs SET input = found.input WHERE number = found.number;
    IF json_array_length(found.input::json) >= (gather->>'size')::integer THEN PERFORM @.is_full(found.number, now); END IF;
  ELSIF throttle IS NOT NULL AND (throttle->>'limit')::bigint <= (
      SELECT count(*) FROM @.throttled WHERE @.short(workflow) = @.short(given->>'workflow') AND @.short(key) = @.short(throttle->>'key')
        AND at > now - (throttle->>'per')::float8) THEN
    SELECT r.* INTO found FROM @.runs r WHERE @.short(r.id) = @.short((
      SELECT t.run FROM @.throttled t WHERE @.short(t.workflow) = @.short(given->>'workflow') AND @.short(t.key) = @.short(throttle->>'key')
      ORDER BY t.number DESC LIMIT 1));
    RETURN found;
  ELSE
    RETURN NULL;
  END IF;
  SELECT * INTO found FROM @.runs WHERE number = found.number;
  RETURN found;
END $$;

-- Makes somebody the owner of the run under its next epoch (S2, S12). NULL: it may not be claimed.
CREATE FUNCTION @.own(wanted bigint, new_owner text, until float8, now float8, from_owner text, from_epoch integer) RETURNS @.runs LANGUAGE plpgsql AS $$
DECLARE claimed @.runs; last integer;
BEGIN
  SELECT coalesce(max(seq), 0) INTO last FROM @.steps WHERE run = wanted;
  UPDATE @.runs AS r SET status = 'running', owner = new_owner, lease_until = until, epoch = epoch + 1, released_at = NULL, wake_at = NULL, blocked = NULL,
      updated_at = now, begin_by = NULL, gathering = NULL, in_line = false, claimed_seq = last,
      stalls = CASE WHEN last > claimed_seq THEN 0 WHEN status = 'running' THEN stalls + 1 ELSE stalls END
    WHERE number = wanted AND ${isClaimable("r")} RETURNING * INTO claimed;
  RETURN claimed;
END $$;

-- What a run that was just created has to wait for.
CREATE FUNCTION @.apply_conditions(made @.runs, given jsonb, now float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gather jsonb := given->'gather'; throttle jsonb := given->'throttle'; lease jsonb := given->'lease'; item @.queue_items; owned @.runs; gathers record;
  until float8 := now + (lease->>'ms')::float8;
BEGIN
  IF given ? 'imported' THEN
    SELECT g.* INTO gathers FROM jsonb_to_record(given->'imported'->'gathers') AS g (key text, until float8)
      WHERE NOT EXISTS (SELECT 1 FROM @.runs WHERE @.short(workflow) = @.short(made.workflow) AND @.short(gathering) = @.short(g.key));
    UPDATE @.runs SET gathering = gathers.key, gather_until = gathers.until, batch = coalesce((given->'imported'->>'batch')::boolean, false)
      WHERE number = made.number;
  END IF;
  IF throttle IS NOT NULL THEN
    DELETE FROM @.throttled WHERE @.short(workflow) = @.short(made.workflow) AND @.short(key) = @.short(throttle->>'key')
      AND at <= now - (throttle->>'per')::float8;
    INSERT INTO @.throttled (workflow, key, at, run) VALUES (made.workflow, throttle->>'key', now, made.id);
  END IF;
  IF gather IS NOT NULL THEN
    UPDATE @.runs SET gathering = gather->>'key', gather_until = now + (gather->>'max')::float8, status = 'waiting',
        wake_at = now + least((gather->>'wait')::float8, (gather->>'max')::float8), batch = (gather->>'type' = 'batch'),
        input = CASE gather->>'type' WHEN 'batch' THEN '[' || (given->>'inputText') || ']' ELSE input END
      WHERE number = made.number;
    IF (gather->>'size')::integer <= 1 THEN PERFORM @.is_full(made.number, now); END IF;
  ELSIF given ? 'dueAt' THEN
    UPDATE @.runs SET status = 'waiting', wake_at = (given->>'dueAt')::float8 WHERE number = made.number;
  ELSIF made.queue IS NOT NULL AND NOT (given ? 'imported' AND lease IS NOT NULL) THEN
    PERFORM @.set_in_line(made.id, true);
    item := @.enter(@.queue_of(made.queue), made.queue_key, made.id, '', made.epoch, made.queue_rank, now, made.epoch = 0, false, made.workflow);
    IF lease IS NULL OR ${isOffered("item", "now")} IS NOT TRUE THEN RETURN; END IF;
    owned := @.own(made.number, lease->>'owner', until, now, NULL, NULL);
    IF owned.number IS NOT NULL THEN PERFORM @.take(item, lease->>'owner', NULL, owned.epoch, now); END IF;
  ELSIF lease IS NOT NULL THEN
    PERFORM @.own(made.number, lease->>'owner', until, now, NULL, NULL);
  END IF;
END $$;

CREATE FUNCTION @.create_run(given jsonb, now float8, OUT is_new boolean, OUT made @.runs) LANGUAGE plpgsql AS $$
DECLARE
  is_plain boolean := NOT given ?| ARRAY['queue', 'gather', 'throttle', 'dueAt', 'beginBy', 'endBy', 'imported'];
  lease jsonb := CASE WHEN is_plain THEN given->'lease' END; place jsonb := given->'queue'; last integer;
  at float8 := coalesce((given->>'createdAt')::float8, now);
BEGIN
  is_new := false;
  IF NOT is_plain THEN
    SELECT * INTO made FROM @.runs WHERE @.short(id) = @.short(given->>'id');
    IF made.number IS NULL THEN made := @.joined(given, now); END IF;
    IF made.number IS NOT NULL THEN RETURN; END IF;
  END IF;
  INSERT INTO @.runs (id, workflow, file, input, input_hash, code, code_history, seed, parent, tags, schedule, trace, fork_of, restarts, created_at,
      started_at, updated_at, status, owner, lease_until, epoch, queue, queue_key, queue_rank, hold, begin_by, end_by)
    VALUES (given->>'id', given->>'workflow', given->>'file', given->>'input', given->>'inputHash', given->>'code', given->>'codeHistory', given->>'seed',
      given->>'parent', given->'tags', given->>'schedule', given->>'trace', given->>'forkOf', coalesce((given->>'restarts')::integer, 0), at,
      coalesce((given->>'startedAt')::float8, at), now, CASE WHEN lease IS NULL THEN 'pending' ELSE 'running' END, lease->>'owner',
      now + (lease->>'ms')::float8, CASE WHEN lease IS NULL THEN 0 ELSE 1 END,
      place->>'queue', place->>'key', (place->>'rank')::float8, (place->>'hold')::boolean, (given->>'beginBy')::float8, (given->>'endBy')::float8)
    ON CONFLICT (@.short(id)) DO NOTHING RETURNING * INTO made;
  IF made.number IS NULL THEN
    SELECT * INTO made FROM @.runs WHERE @.short(id) = @.short(given->>'id');
    IF made.number IS NULL THEN RAISE 'the run was deleted while it was created' USING ERRCODE = 'serialization_failure'; END IF;
    RETURN;
  END IF;
  is_new := true;
  SELECT epoch INTO last FROM @.deleted_runs WHERE @.short(id) = @.short(made.id);
  IF last > 0 THEN UPDATE @.runs SET epoch = epoch + last WHERE number = made.number RETURNING * INTO made; END IF;
  PERFORM @.record_code(made.code, given->>'modules');
  IF EXISTS (SELECT 1 FROM @.early_signals WHERE @.short(run_id) = @.short(made.id)) THEN
    WITH early AS (DELETE FROM @.early_signals WHERE @.short(run_id) = @.short(made.id) RETURNING *)
    INSERT INTO @.signals (run, name, slot, payload, at)
      SELECT made.number, name, row_number() OVER (PARTITION BY name ORDER BY early.number) - 1, payload, early.at FROM early ORDER BY early.number;
  END IF;
  IF is_plain THEN RETURN; END IF;
  PERFORM @.apply_conditions(made, given, now);
  SELECT * INTO made FROM @.runs WHERE number = made.number;
END $$;

CREATE FUNCTION @.create_runs(given jsonb, test_time float8) RETURNS TABLE (is_new boolean, made @.runs) LANGUAGE plpgsql AS $$
DECLARE each jsonb; now float8; answer record;
BEGIN
  PERFORM @.lock_starts(given);
  now := @.clock(test_time);
  FOR each IN SELECT * FROM jsonb_array_elements(given) LOOP
    SELECT * INTO answer FROM @.create_run(each, now);
    is_new := answer.is_new;
    made := answer.made;
    RETURN NEXT;
  END LOOP;
END $$;

-- Which of the leases are still held.
CREATE FUNCTION @.renew(ids text[], epochs integer[], ms float8, test_time float8) RETURNS boolean[] LANGUAGE plpgsql AS $$
DECLARE now float8 := @.clock(test_time); held bigint[];
BEGIN
  held := array(SELECT r.number FROM unnest(ids, epochs) AS e (id, epoch) JOIN @.runs r ON @.short(r.id) = @.short(e.id)
    WHERE r.epoch = e.epoch AND r.owner IS NOT NULL ORDER BY r.number DESC FOR NO KEY UPDATE OF r);
  UPDATE @.runs SET lease_until = greatest(lease_until, now + ms) WHERE number = ANY (held);
  RETURN array(SELECT EXISTS (SELECT 1 FROM @.runs r WHERE @.short(r.id) = @.short(e.id) AND r.epoch = e.epoch AND r.number = ANY (held))
    FROM unnest(ids, epochs) WITH ORDINALITY AS e (id, epoch, place) ORDER BY place);
END $$;
`;
