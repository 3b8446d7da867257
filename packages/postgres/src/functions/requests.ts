/** What users ask of runs. Each function is one transition. */
export const requests = `
-- Milliseconds for which deliveries to runs that do not exist, and the epochs of deleted runs, are kept: 30 days.
CREATE FUNCTION @.lifetime() RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT 30 * 24 * 3600000::float8 $$;

CREATE FUNCTION @.deliver(wanted text, its_name text, its_payload text, test_time float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE r @.runs; now float8;
BEGIN
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted) FOR NO KEY UPDATE;
  IF r.number IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext(@@), -1); -- nobody creates it meanwhile
    SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted) FOR NO KEY UPDATE;
  END IF;
  now := @.clock(test_time);
  IF r.number IS NULL THEN
    DELETE FROM @.early_signals WHERE at < now - @.lifetime();
    INSERT INTO @.early_signals (run_id, name, at, payload) VALUES (wanted, its_name, now, its_payload);
    RETURN true;
  END IF;
  IF r.status IN ('completed', 'failed', 'cancelled') THEN RETURN false; END IF;
  INSERT INTO @.signals (run, name, slot, payload, at)
    VALUES (r.number, its_name, (SELECT count(*) FROM @.signals WHERE run = r.number AND @.short(name) = @.short(its_name)), its_payload, now);
  -- a run that has had no owner waits for the time at which it begins
  UPDATE @.runs SET wake_at = least(coalesce(wake_at, now), now) WHERE number = r.number AND status = 'waiting' AND released_at IS NOT NULL;
  RETURN true;
END $$;

-- Locks the run, with its queues and those of its steps.
CREATE FUNCTION @.lock_whole(ids text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM @.lock_queues(ids);
  PERFORM @.lock_runs(ids);
  PERFORM @.lock_queues(ids); -- what has entered one meanwhile
END $$;

-- Records the request to cancel. A run that has had no owner ends.
CREATE FUNCTION @.cancel_locked(r @.runs, reason text, now float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE @.runs SET cancel = coalesce(cancel, reason), gathering = NULL, blocked = NULL, updated_at = now WHERE number = r.number;
  IF r.epoch = 0 THEN
    PERFORM @.finish(r, 'cancelled', reason, '[]', false, now);
  ELSE
    PERFORM @.wake(r.id, now);
    PERFORM @.move_up(r.id, now);
  END IF;
END $$;

CREATE FUNCTION @.cancel(wanted text, reason text, test_time float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE r @.runs;
BEGIN
  PERFORM @.lock_whole(ARRAY[wanted]);
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted);
  IF r.number IS NULL THEN RETURN NULL; END IF;
  IF r.status IN ('completed', 'failed', 'cancelled') THEN RETURN false; END IF;
  IF r.cancel IS NULL THEN PERFORM @.cancel_locked(r, reason, @.clock(test_time)); END IF;
  RETURN true;
END $$;

CREATE FUNCTION @.retry(wanted text, is_forced boolean, test_time float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE r @.runs; now float8;
BEGIN
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted) FOR NO KEY UPDATE;
  IF r.number IS NULL THEN RETURN NULL; END IF;
  IF r.status <> 'failed' OR (r.compensated AND NOT is_forced) THEN RETURN false; END IF;
  now := @.clock(test_time);
  UPDATE @.runs SET status = 'pending', output = NULL, unhandled = NULL, compensated = false, updated_at = now,
      cancel = CASE WHEN @.is_cancel_undelivered(r) THEN NULL ELSE cancel END
    WHERE number = r.number;
  DELETE FROM @.steps WHERE run = r.number AND state = 2 AND id IN (SELECT jsonb_array_elements_text(r.unhandled));
  RETURN true;
END $$;

CREATE FUNCTION @.restart(wanted text, new_seed text, test_time float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE r @.runs; now float8;
BEGIN
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted) FOR NO KEY UPDATE;
  IF r.number IS NULL THEN RETURN NULL; END IF;
  IF r.status NOT IN ('completed', 'failed', 'cancelled') THEN RETURN false; END IF;
  now := @.clock(test_time);
  DELETE FROM @.steps WHERE run = r.number;
  DELETE FROM @.executions WHERE run = r.number;
  PERFORM @.restart_streams(r.number);
  UPDATE @.runs SET status = 'pending', output = NULL, unhandled = NULL, compensated = false, cancel = NULL, code_seq = 0, code_history = NULL,
      seed = new_seed, progress = NULL, released_at = NULL, restarts = restarts + 1, stalls = 0, claimed_seq = 0, created_at = now, started_at = now,
      updated_at = now, queue_rank = CASE WHEN queue IS NOT NULL THEN now END
    WHERE number = r.number;
  RETURN true;
END $$;

CREATE FUNCTION @.fork(wanted text, before_step text, new_id text, test_time float8) RETURNS TABLE (is_new boolean, made @.runs) LANGUAGE plpgsql AS $$
DECLARE r @.runs; last integer; now float8; its_seq integer;
BEGIN
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted) FOR SHARE;
  SELECT seq INTO its_seq FROM @.steps WHERE run = r.number AND @.short(id) = @.short(before_step);
  IF its_seq IS NULL THEN RETURN; END IF;
  now := @.clock(test_time);
  INSERT INTO @.runs (id, fork_of, created_at, updated_at, status, epoch, workflow, file, input, input_hash, code, code_seq, code_history, seed, tags,
      cancel, started_at, queue, queue_key, queue_rank, hold, batch)
    VALUES (new_id, r.id, now, now, 'pending', 0, r.workflow, r.file, r.input, r.input_hash, r.code, r.code_seq, r.code_history, r.seed, r.tags,
      r.cancel, r.started_at, r.queue, r.queue_key, CASE WHEN r.queue IS NOT NULL THEN now END, r.hold, r.batch)
    ON CONFLICT (@.short(id)) DO NOTHING RETURNING * INTO made;
  is_new := made.number IS NOT NULL;
  IF is_new THEN
    INSERT INTO @.steps (run, id, kind, state, seq, attempt, started_at, finished_at, due_at, target, location, input_hash, output, failed_attempts, input)
      SELECT made.number, id, kind, state, seq, attempt, started_at, finished_at, due_at, target, location, input_hash, output, failed_attempts, input
      FROM @.steps WHERE run = r.number AND seq < its_seq;
    SELECT epoch INTO last FROM @.deleted_runs WHERE @.short(id) = @.short(new_id);
    UPDATE @.runs SET epoch = coalesce(last, 0),
        cancel = CASE WHEN EXISTS (SELECT 1 FROM @.steps WHERE run = made.number AND kind = 5) THEN cancel END
      WHERE number = made.number;
  END IF;
  SELECT * INTO made FROM @.runs WHERE @.short(id) = @.short(new_id);
  RETURN NEXT;
END $$;

CREATE FUNCTION @.unblock(wanted text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE r @.runs;
BEGIN
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted) FOR NO KEY UPDATE;
  IF r.number IS NULL THEN RETURN NULL; END IF;
  UPDATE @.runs SET blocked = NULL WHERE number = r.number AND blocked IS NOT NULL;
  RETURN FOUND;
END $$;

CREATE FUNCTION @.drop_run(r @.runs, now float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM @.steps WHERE run = r.number;
  DELETE FROM @.signals WHERE run = r.number;
  DELETE FROM @.executions WHERE run = r.number;
  PERFORM @.drop_streams(r.number);
  PERFORM @.end_run(r.id, now);
  DELETE FROM @.deleted_runs WHERE at < now - @.lifetime();
  DELETE FROM @.runs WHERE number = r.number;
  INSERT INTO @.deleted_runs (id, epoch, at) VALUES (r.id, r.epoch, now)
    ON CONFLICT (@.short(id)) DO UPDATE SET epoch = excluded.epoch, at = excluded.at;
END $$;

CREATE FUNCTION @.remove(wanted text, is_forced boolean, test_time float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE r @.runs; now float8;
BEGIN
  PERFORM @.lock_whole(ARRAY[wanted]);
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted) FOR UPDATE;
  IF r.number IS NULL THEN RETURN NULL; END IF;
  IF r.status NOT IN ('completed', 'failed', 'cancelled') AND (NOT is_forced OR r.owner IS NOT NULL) THEN RETURN false; END IF;
  now := @.clock(test_time);
  PERFORM @.drop_run(r, now);
  PERFORM @.wake_waiters(r.id, r.parent, now);
  RETURN true;
END $$;

CREATE FUNCTION @.prune(ended_before float8, statuses text[], workflows text[], keep bigint, most bigint, test_time float8) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE old bigint; r @.runs; dropped bigint := 0; now float8 := @.clock(test_time);
BEGIN
  FOR old IN
    SELECT number FROM (
      SELECT number, id, created_at, updated_at, CASE WHEN keep = 0 THEN 1 ELSE row_number() OVER (PARTITION BY workflow ORDER BY created_at DESC, number DESC) END AS place
      FROM @.runs WHERE status = ANY (statuses) AND (workflows IS NULL OR workflow = ANY (workflows))) AS ended
    WHERE place > keep AND updated_at < ended_before
      AND NOT EXISTS (SELECT 1 FROM @.steps WHERE @.short(target) = @.short(ended.id) AND state = 0 AND kind = 3)
    ORDER BY created_at, number LIMIT most
  LOOP
    SELECT * INTO r FROM @.runs WHERE number = old AND status = ANY (statuses) AND updated_at < ended_before FOR UPDATE SKIP LOCKED;
    CONTINUE WHEN r.number IS NULL;
    PERFORM @.drop_run(r, now);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;
`;
