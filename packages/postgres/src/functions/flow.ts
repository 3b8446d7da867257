import { LATEST_OFFER } from "@perdure/store/flow";
import { FIRST, isOffered } from "./line.ts";

/** The transitions of queues. Each function is one. */
export const flow = `
CREATE FUNCTION @.define_queue(wanted text, its_concurrency integer, its_per_key integer, its_limit integer, its_per float8, its_slack float8, test_time float8)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE q @.queues; k text;
BEGIN
  PERFORM @.lock_queues('{}', ARRAY[wanted]);
  UPDATE @.queues SET defined = true, concurrency = its_concurrency, per_key = its_per_key, rate_limit = its_limit, rate_per = its_per, rate_slack = its_slack
    WHERE @.short(name) = @.short(wanted) RETURNING * INTO q;
  FOR k IN SELECT key FROM @.queue_keys WHERE queue = q.number LOOP PERFORM @.refresh(q, k); END LOOP;
  PERFORM @.fill(q.number, @.clock(test_time));
END $$;

CREATE FUNCTION @.enqueue_step(given jsonb, now float8, OUT state text, OUT start bigint) LANGUAGE plpgsql AS $$
DECLARE r @.runs; item @.queue_items; lease jsonb := given->'lease'; its_epoch integer := (given->>'epoch')::integer; its_rank float8 := (given->>'rank')::float8;
  is_lent boolean := coalesce((given->>'lent')::boolean, false);
BEGIN
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(given->>'run');
  IF r.owner IS NULL OR r.epoch <> its_epoch THEN RETURN; END IF;
  SELECT * INTO item FROM @.queue_items i WHERE @.short(i.run) = @.short(r.id) AND i.step = given->>'step' AND i.epoch = its_epoch AND i.state = 3;
  state := 'taken';
  start := item.start;
  IF item.number IS NOT NULL THEN RETURN; END IF;
  SELECT * INTO item FROM @.queue_items i WHERE @.short(i.run) = @.short(r.id) AND i.step = given->>'step' AND i.state <= 2;
  IF item.lent <> is_lent THEN
    PERFORM @.leave(item, now);
    item := NULL;
  END IF;
  IF item.number IS NOT NULL THEN
    UPDATE @.queue_items i SET epoch = its_epoch, rank = least(i.rank, its_rank) WHERE i.number = item.number;
    PERFORM @.refresh(item);
    PERFORM @.fill(item.queue, now);
    SELECT * INTO item FROM @.queue_items i WHERE i.number = item.number;
  ELSE
    item := @.enter(@.queue_of(given->>'queue'), given->>'key', r.id, given->>'step', its_epoch, its_rank, now, true, is_lent, r.workflow);
  END IF;
  IF ${isOffered("item", "now")} THEN
    start := @.take(item, lease->>'owner', now + (lease->>'ms')::float8, its_epoch, now);
  ELSE
    state := 'waiting';
  END IF;
END $$;

CREATE FUNCTION @.enqueue(steps jsonb, test_time float8) RETURNS TABLE (state text, start bigint) LANGUAGE plpgsql AS $$
DECLARE given jsonb; now float8; answer record; ids text[];
BEGIN
  ids := array(SELECT DISTINCT each->>'run' FROM jsonb_array_elements(steps) AS each);
  PERFORM @.lock_queues(ids, array(SELECT DISTINCT each->>'queue' FROM jsonb_array_elements(steps) AS each));
  PERFORM @.lock_runs(ids);
  now := @.clock(test_time);
  FOR given IN SELECT * FROM jsonb_array_elements(steps) LOOP
    SELECT * INTO answer FROM @.enqueue_step(given, now);
    state := answer.state;
    start := answer.start;
    RETURN NEXT;
  END LOOP;
END $$;

CREATE FUNCTION @.leave_step(wanted text, its_step text, its_epoch integer, test_time float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM @.lock_queues(ARRAY[wanted]);
  PERFORM @.leave_slot(wanted, its_step, its_epoch, @.clock(test_time));
END $$;

-- False: another start, or a promised one, relies on this one.
CREATE FUNCTION @.correct_start(wanted text, its_number bigint, real_time float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE q @.queues;
BEGIN
  PERFORM @.lock_queues('{}', ARRAY[wanted]);
  SELECT * INTO q FROM @.queues WHERE @.short(name) = @.short(wanted);
  IF q.rate_limit IS NULL THEN RETURN true; END IF;
  IF its_number >= q.starts OR its_number + q.rate_limit < q.starts + (SELECT count(*) FROM @.queue_items WHERE queue = q.number AND state = 2 AND counts) THEN
    RETURN false;
  END IF;
  -- it may have been forgotten
  INSERT INTO @.queue_starts (queue, number, at) VALUES (q.number, its_number, real_time)
    ON CONFLICT (queue, number) DO UPDATE SET at = greatest(queue_starts.at, excluded.at);
  RETURN true;
END $$;

-- Offers what time has made free, and what stood aside for these workflows. Returns the offers that hold.
CREATE FUNCTION @.offers(workflows text[], test_time float8) RETURNS TABLE (queue text, run text, step text) LANGUAGE plpgsql AS $$
DECLARE now float8 := @.clock(test_time); look bigint[]; wanted bigint; q @.queues; k text; names text[] := @.shorts(workflows);
BEGIN
  look := array(
    SELECT i.queue FROM @.queue_items i WHERE i.state = 2 AND (i.until < now OR i.until > now + ${LATEST_OFFER})
    UNION SELECT number FROM @.queues WHERE look_at <= now OR look_at > now + 2 * (rate_per + rate_slack)
    UNION SELECT i.queue FROM @.queue_items i WHERE i.state = 0 AND @.short(i.workflow) = ANY (names));
  FOREACH wanted IN ARRAY array(SELECT unnest(look) ORDER BY 1) LOOP
    SELECT * INTO q FROM @.queues WHERE number = wanted FOR UPDATE;
    now := @.clock(test_time);
    FOR k IN WITH back AS (
        UPDATE @.queue_items i SET state = 1 WHERE i.queue = wanted AND i.state = 0 AND @.short(i.workflow) = ANY (names) RETURNING i.key)
      SELECT DISTINCT key FROM back LOOP
      PERFORM @.refresh(q, k);
    END LOOP;
    PERFORM @.fill(wanted, now);
  END LOOP;
  RETURN QUERY SELECT its.name::text, i.run::text, nullif(i.step, '')::text FROM @.queue_items i JOIN @.queues its ON its.number = i.queue
    WHERE ${isOffered("i", "now")} ORDER BY i.number;
END $$;

CREATE FUNCTION @.renew_slots(its_owner text, ms float8, test_time float8) RETURNS void LANGUAGE sql AS $$
  UPDATE @.queue_items SET until = greatest(until, @.clock(test_time) + ms) WHERE @.short(owner) = @.short(its_owner) AND state = 3 AND step <> ''
$$;

-- Frees the slots that the owner has taken: all if it is dead, else those whose lease is over. The runs with such slots are fenced.
CREATE FUNCTION @.free_slots(its_owner text, is_dead boolean, test_time float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE item @.queue_items; r @.runs; now float8;
BEGIN
  PERFORM 1 FROM @.queues WHERE number = ANY (array(SELECT queue FROM @.queue_items WHERE @.short(owner) = @.short(its_owner))) ORDER BY number FOR UPDATE;
  PERFORM @.lock_runs(array(SELECT run::text FROM @.queue_items WHERE @.short(owner) = @.short(its_owner) AND state = 3 AND step = ''));
  now := @.clock(test_time);
  FOR item IN SELECT * FROM @.queue_items WHERE @.short(owner) = @.short(its_owner) AND state = 3 AND step <> '' AND (is_dead OR until < now) ORDER BY number LOOP
    PERFORM @.leave(item, now);
  END LOOP;
  FOR item IN SELECT * FROM @.queue_items WHERE @.short(owner) = @.short(its_owner) AND state = 3 AND step = '' ORDER BY number LOOP
    SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(item.run) AND status = 'running' AND owner = its_owner AND (is_dead OR coalesce(lease_until, 0) < now);
    CONTINUE WHEN r.number IS NULL;
    UPDATE @.runs SET epoch = epoch + 1, lease_until = least(lease_until, now - 1) WHERE number = r.number;
    PERFORM @.line_up(item, CASE WHEN r.cancel IS NULL THEN coalesce(r.queue_rank, 0) ELSE ${FIRST} END, now);
  END LOOP;
END $$;

-- Cancels the runs that did not begin in time, and requests to cancel those that did not end in time.
CREATE FUNCTION @.expire(expired text, timed_out text, test_time float8) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE now float8 := @.clock(test_time); late text[]; each text; r @.runs; ended text[] := '{}';
BEGIN
  late := array(SELECT id::text FROM @.runs WHERE number IN (
      SELECT number FROM @.runs WHERE begin_by <= now UNION SELECT number FROM @.runs WHERE end_by <= now AND cancel IS NULL)
    ORDER BY number);
  IF cardinality(late) = 0 THEN RETURN late; END IF;
  PERFORM @.lock_whole(late);
  now := @.clock(test_time);
  FOREACH each IN ARRAY late LOOP
    SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(each);
    IF r.begin_by <= now THEN
      UPDATE @.runs SET cancel = coalesce(cancel, expired), gathering = NULL, blocked = NULL, updated_at = now WHERE number = r.number;
      PERFORM @.finish(r, 'cancelled', expired, '[]', false, now);
    ELSIF r.end_by <= now AND r.cancel IS NULL AND r.status NOT IN ('completed', 'failed', 'cancelled') THEN
      PERFORM @.cancel_locked(r, timed_out, now);
    ELSE
      CONTINUE;
    END IF;
    ended := ended || each;
  END LOOP;
  RETURN ended;
END $$;
`;
