import { LATEST_OFFER, OFFER_TIME } from "@perdure/store/flow";

/** The rank of what comes before everything else. */
export const FIRST = String(Number.MIN_SAFE_INTEGER);

/** A condition: the offer of this item holds at that time. */
export const isOffered = (item: string, now: string): string =>
  `(${item}.state = 2 AND coalesce(${item}.until, 0) BETWEEN ${now} AND ${now} + ${LATEST_OFFER})`;

/**
 * Who stands in line, who has a slot, and who is next (Q1, Q2, Q5). Each function is called with the row of the queue locked, which
 * serializes everything that happens to one queue.
 */
export const line = `
-- Locks the queues of these runs, of what stands in line or has slots for them, and those with these names, which it creates. One order for all callers.
CREATE FUNCTION @.lock_queues(ids text[], names text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(names) > 0 THEN
    INSERT INTO @.queues (name) SELECT DISTINCT each FROM unnest(names) AS each
      WHERE NOT EXISTS (SELECT 1 FROM @.queues WHERE @.short(name) = @.short(each))
      ORDER BY 1 ON CONFLICT DO NOTHING;
  END IF;
  PERFORM 1 FROM @.queues WHERE number = ANY (array(
      SELECT queue FROM @.queue_items WHERE @.short(run) = ANY (@.shorts(ids))
      UNION SELECT q.number FROM @.runs r JOIN @.queues q ON @.short(q.name) = @.short(r.queue) WHERE @.short(r.id) = ANY (@.shorts(ids)) AND r.queue IS NOT NULL
      UNION SELECT q.number FROM @.queues q WHERE @.short(q.name) = ANY (@.shorts(names))))
    ORDER BY number FOR UPDATE;
END $$;

CREATE FUNCTION @.queue_of(wanted text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE found bigint;
BEGIN
  SELECT number INTO found FROM @.queues WHERE @.short(name) = @.short(wanted);
  IF found IS NULL THEN
    PERFORM @.lock_queues('{}', ARRAY[wanted]);
    SELECT number INTO found FROM @.queues WHERE @.short(name) = @.short(wanted);
  END IF;
  RETURN found;
END $$;

CREATE FUNCTION @.set_in_line(wanted text, is_in_line boolean) RETURNS void LANGUAGE sql AS $$
  UPDATE @.runs SET in_line = is_in_line WHERE @.short(id) = @.short(wanted)
$$;

-- Makes a waiting run due, unless it is due earlier. The lock comes first: a release that is about to make it wait must not be missed.
CREATE FUNCTION @.wake(wanted text, at float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM @.runs WHERE @.short(id) = @.short(wanted) FOR NO KEY UPDATE;
  UPDATE @.runs SET wake_at = least(coalesce(wake_at, at), at) WHERE @.short(id) = @.short(wanted) AND status = 'waiting';
END $$;

-- Brings what is known of a key into line with its items.
CREATE FUNCTION @.refresh(q @.queues, k text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE head record; slots bigint;
BEGIN
  SELECT number, rank, counts INTO head FROM @.queue_items
    WHERE queue = q.number AND @.short(key) = @.short(k) AND state = 1 AND NOT lent ORDER BY rank, number LIMIT 1;
  SELECT count(*) INTO slots FROM @.queue_items WHERE queue = q.number AND @.short(key) = @.short(k) AND state >= 2 AND NOT lent;
  IF head.number IS NOT NULL OR slots > 0
     OR EXISTS (SELECT 1 FROM @.queue_items WHERE queue = q.number AND @.short(key) = @.short(k) AND state <= 1 AND NOT lent) THEN
    UPDATE @.queue_keys SET rank = head.rank, first = head.number,
        ready = CASE WHEN head.number IS NULL OR slots >= q.per_key THEN 0 WHEN head.counts THEN 1 ELSE 2 END
      WHERE queue = q.number AND @.short(key) = @.short(k);
  ELSE
    DELETE FROM @.queue_keys WHERE queue = q.number AND @.short(key) = @.short(k);
  END IF;
END $$;

-- The same after a change of an item. One that is lent a slot is of no key.
CREATE FUNCTION @.refresh(item @.queue_items) RETURNS void LANGUAGE plpgsql AS $$
DECLARE q @.queues;
BEGIN
  IF item.lent THEN RETURN; END IF;
  SELECT * INTO q FROM @.queues WHERE number = item.queue;
  PERFORM @.refresh(q, item.key);
END $$;

-- Ends the offers that nobody took in time, or that were made before the clock was set back. What else is of those workflows steps aside.
CREATE FUNCTION @.end_offers(q @.queues, now float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE item @.queue_items; k text; keys text[] := '{}';
BEGIN
  FOR item IN SELECT * FROM @.queue_items WHERE queue = q.number AND state = 2 AND (until < now OR until > now + ${LATEST_OFFER}) LOOP
    UPDATE @.queue_items SET state = 1, until = NULL, owner = NULL, rank = CASE
        WHEN item.step <> '' AND EXISTS (SELECT 1 FROM @.runs WHERE @.short(id) = @.short(item.run) AND runs.owner IS NOT NULL) THEN now
        ELSE queue_items.rank END
      WHERE number = item.number;
    IF item.step = '' THEN PERFORM @.set_in_line(item.run, true); END IF;
    UPDATE @.queue_items SET state = 0 WHERE queue = q.number AND @.short(workflow) = @.short(item.workflow) AND state = 1;
    keys := keys || item.key
      || array(SELECT DISTINCT key FROM @.queue_items WHERE queue = q.number AND @.short(workflow) = @.short(item.workflow) AND state <= 1);
  END LOOP;
  FOR k IN SELECT DISTINCT unnest(keys) LOOP PERFORM @.refresh(q, k); END LOOP;
END $$;

-- When the next start may happen: one that is neither recorded nor promised by an offer.
CREATE FUNCTION @.next_start(q @.queues, now float8) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE promised bigint; earlier float8; gap float8 := coalesce(q.rate_per, 0) + coalesce(q.rate_slack, 0);
BEGIN
  IF q.rate_limit IS NULL THEN RETURN now; END IF;
  UPDATE @.queue_starts SET at = now WHERE queue = q.number AND at > now + gap;
  SELECT count(*) INTO promised FROM @.queue_items WHERE queue = q.number AND state = 2 AND counts;
  IF promised >= q.rate_limit THEN RETURN 'Infinity'; END IF;
  SELECT at INTO earlier FROM @.queue_starts WHERE queue = q.number AND number = q.starts + promised - q.rate_limit;
  RETURN coalesce(earlier + gap, now);
END $$;

-- Offers every slot that is free and that somebody may have.
CREATE FUNCTION @.fill(wanted bigint, now float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  q @.queues; item @.queue_items; next record; lent record; slots bigint; start_at float8; look float8; had bigint; is_free boolean; is_lent boolean;
BEGIN
  SELECT * INTO q FROM @.queues WHERE number = wanted;
  PERFORM @.end_offers(q, now);
  SELECT count(*) INTO slots FROM @.queue_items WHERE queue = wanted AND state >= 2 AND NOT queue_items.lent;
  LOOP
    is_free := coalesce(slots < q.concurrency, true);
    -- whose turn it is: of the keys that may have a slot, if one is free, and of the steps that need none
    SELECT first, turn, rank, ready = 1 AS counts INTO next FROM @.queue_keys
      WHERE is_free AND queue = wanted AND ready > 0 ORDER BY turn, rank, first LIMIT 1;
    SELECT i.number AS first, q.lent_turn AS turn, i.rank, i.counts INTO lent FROM @.queue_items i
      WHERE i.queue = wanted AND i.lent AND i.state = 1 ORDER BY i.rank, i.number LIMIT 1;
    is_lent := lent.first IS NOT NULL AND (next.first IS NULL OR (lent.turn, lent.rank, lent.first) < (next.turn, next.rank, next.first));
    IF is_lent THEN next := lent; END IF;
    start_at := CASE WHEN next.counts THEN @.next_start(q, now) ELSE now END;
    IF start_at > now THEN
      look := nullif(start_at, 'Infinity');
      is_lent := false;
      SELECT first, turn, rank, false AS counts INTO next FROM @.queue_keys
        WHERE is_free AND queue = wanted AND ready = 2 ORDER BY turn, rank, first LIMIT 1;
    END IF;
    EXIT WHEN next.first IS NULL;
    UPDATE @.queue_items SET state = 2, until = now + ${OFFER_TIME} WHERE number = next.first RETURNING * INTO item;
    IF is_lent THEN
      had := q.lent_turn;
      q.lent_turn := had + 1;
      UPDATE @.queues SET lent_turn = had + 1 WHERE number = wanted;
    ELSE
      UPDATE @.queue_keys SET turn = turn + 1 WHERE queue = wanted AND @.short(key) = @.short(item.key) RETURNING turn - 1 INTO had;
      PERFORM @.refresh(q, item.key);
      slots := slots + 1;
    END IF;
    UPDATE @.queues SET turn = had WHERE number = wanted AND turn < had;
    IF item.step = '' THEN PERFORM @.set_in_line(item.run, false); ELSE PERFORM @.wake(item.run, now); END IF;
  END LOOP;
  UPDATE @.queues SET look_at = look WHERE number = wanted AND look_at IS DISTINCT FROM look;
END $$;

-- Puts it in line, and offers it a slot if one is free for it.
CREATE FUNCTION @.enter(
  its_queue bigint, its_key text, its_run text, its_step text, its_epoch integer, its_rank float8, now float8, is_start boolean, is_lent boolean, its_workflow text
) RETURNS @.queue_items LANGUAGE plpgsql AS $$
DECLARE item @.queue_items;
BEGIN
  IF NOT is_lent THEN
    INSERT INTO @.queue_keys (queue, key, turn) SELECT number, its_key, turn FROM @.queues WHERE number = its_queue ON CONFLICT DO NOTHING;
  ELSIF NOT EXISTS (SELECT 1 FROM @.queue_items WHERE queue = its_queue AND lent) THEN
    UPDATE @.queues SET lent_turn = turn WHERE number = its_queue;
  END IF;
  INSERT INTO @.queue_items (queue, key, run, step, epoch, rank, since, counts, lent, workflow, state)
    VALUES (its_queue, its_key, its_run, its_step, its_epoch, its_rank, now, is_start, is_lent, its_workflow, 1) RETURNING * INTO item;
  PERFORM @.refresh(item);
  PERFORM @.fill(its_queue, now);
  SELECT * INTO item FROM @.queue_items WHERE number = item.number;
  RETURN item;
END $$;

-- Takes an offered slot, or continues with a taken one. Returns the number of the start, in a queue with a rate.
CREATE FUNCTION @.take(item @.queue_items, new_owner text, new_until float8, new_epoch integer, now float8) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE q @.queues; new_start bigint;
BEGIN
  SELECT * INTO q FROM @.queues WHERE number = item.queue;
  IF item.counts AND item.state = 2 AND q.rate_limit IS NOT NULL THEN
    UPDATE @.queues SET starts = starts + 1 WHERE number = q.number RETURNING starts - 1 INTO new_start;
    INSERT INTO @.queue_starts (queue, number, at) VALUES (q.number, new_start, now);
    DELETE FROM @.queue_starts WHERE queue = q.number AND at <= now - coalesce(q.rate_per, 0) - coalesce(q.rate_slack, 0);
  END IF;
  UPDATE @.queue_items SET state = 3, owner = new_owner, until = new_until, epoch = new_epoch, start = coalesce(new_start, start), counts = false
    WHERE number = item.number;
  IF new_start IS NOT NULL THEN PERFORM @.fill(q.number, now); END IF; -- when the next start may happen is known now
  RETURN coalesce(new_start, item.start);
END $$;

-- The item has no use for a slot any more.
CREATE FUNCTION @.leave(item @.queue_items, now float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF item.number IS NULL THEN RETURN; END IF;
  DELETE FROM @.queue_items WHERE number = item.number;
  IF item.step = '' AND item.state <= 1 THEN PERFORM @.set_in_line(item.run, false); END IF;
  PERFORM @.refresh(item);
  PERFORM @.fill(item.queue, now);
END $$;

-- Gives the slot back, and stands in line again.
CREATE FUNCTION @.line_up(item @.queue_items, new_rank float8, now float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE @.queue_items SET state = 1, rank = new_rank, until = NULL, owner = NULL WHERE number = item.number;
  PERFORM @.set_in_line(item.run, true);
  PERFORM @.refresh(item);
  PERFORM @.fill(item.queue, now);
END $$;

-- The run has ended, or is gone: neither it nor its steps stand in line any more. Steps in flight keep their slots.
CREATE FUNCTION @.end_run(wanted text, now float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE item @.queue_items; touched bigint[] := '{}'; each bigint;
BEGIN
  FOR item IN DELETE FROM @.queue_items WHERE @.short(run) = @.short(wanted) AND (step = '' OR state <> 3) RETURNING * LOOP
    PERFORM @.refresh(item);
    IF item.step = '' AND item.state <= 1 THEN PERFORM @.set_in_line(wanted, false); END IF;
    touched := touched || item.queue;
  END LOOP;
  FOR each IN SELECT DISTINCT unnest(touched) ORDER BY 1 LOOP PERFORM @.fill(each, now); END LOOP;
END $$;

-- The run comes first of its key.
CREATE FUNCTION @.move_up(wanted text, now float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE item @.queue_items;
BEGIN
  UPDATE @.queue_items SET rank = ${FIRST} WHERE @.short(run) = @.short(wanted) AND step = '' AND state <= 1 RETURNING * INTO item;
  IF item.number IS NULL THEN RETURN; END IF;
  PERFORM @.refresh(item);
  PERFORM @.fill(item.queue, now);
END $$;

-- The step gives back its slot, or its place in line, which an earlier owner of the run may have got.
CREATE FUNCTION @.leave_slot(wanted text, its_step text, its_epoch integer, now float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE item @.queue_items;
BEGIN
  SELECT * INTO item FROM @.queue_items
    WHERE @.short(run) = @.short(wanted) AND step = its_step AND (epoch = its_epoch OR (state <= 2 AND epoch < its_epoch)) ORDER BY state LIMIT 1;
  PERFORM @.leave(item, now);
END $$;
`;
