import { FIRST } from "./line.ts";

const STEP_COLUMNS =
  "kind, state, seq, attempt, started_at, finished_at, due_at, target, location, input_hash, output, failed_attempts, input";

/** Milliseconds for which the answers to a batch are kept: whoever asks again does so within seconds, or while it waits for the server. */
const ANSWERED = 600_000;

/** What replaces an open step, and nothing else (S5). */
export const orReplaceOpen = `ON CONFLICT (run, @.short(id)) DO UPDATE SET
  ${STEP_COLUMNS.split(", ")
    .map((column) => `${column} = excluded.${column}`)
    .join(", ")}
  WHERE steps.state = 0`;

/** What the owner of a run writes. The functions are called with the rows of the runs, and of their queues, locked. */
export const commit = `
CREATE FUNCTION @.open_targets(wanted bigint, its_kind integer) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT array(SELECT target FROM @.steps WHERE run = wanted AND kind = its_kind AND state = 0 AND target IS NOT NULL)
$$;

CREATE FUNCTION @.is_cancel_undelivered(r @.runs) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT r.cancel IS NOT NULL AND NOT EXISTS (SELECT 1 FROM @.steps WHERE run = r.number AND kind = 5)
$$;

-- After the end of a run, its parent and every other run that waits for it is due. The locks come first: see wake.
CREATE FUNCTION @.wake_waiters(ended text, its_parent text, at float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE waiters bigint[];
BEGIN
  waiters := array(SELECT number FROM @.runs WHERE @.short(id) = @.short(its_parent)
    UNION SELECT run FROM @.steps WHERE @.short(target) = @.short(ended) AND state = 0 AND kind = 3);
  IF cardinality(waiters) = 0 THEN RETURN; END IF;
  PERFORM 1 FROM @.runs WHERE number = ANY (waiters) ORDER BY number DESC FOR NO KEY UPDATE;
  UPDATE @.runs SET wake_at = least(coalesce(wake_at, at), at) WHERE number = ANY (waiters) AND status = 'waiting';
END $$;

CREATE FUNCTION @.finish(r @.runs, its_status text, its_output text, its_unhandled jsonb, is_compensated boolean, at float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE @.runs SET status = its_status, output = its_output, unhandled = nullif(its_unhandled, '[]'), compensated = coalesce(is_compensated, false), owner = NULL,
      lease_until = NULL, wake_at = NULL, begin_by = NULL, end_by = NULL, gathering = NULL,
      released_at = CASE WHEN owner IS NULL THEN released_at ELSE at END, updated_at = at
    WHERE number = r.number;
  PERFORM @.end_run(r.id, at);
  PERFORM @.wake_waiters(r.id, r.parent, at);
END $$;

-- Whether something will wake the run (S11).
CREATE FUNCTION @.can_be_woken(r @.runs, due_at float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE children text[] := @.open_targets(r.number, 3);
BEGIN
  IF EXISTS (SELECT 1 FROM unnest(children) AS child WHERE NOT EXISTS (SELECT 1 FROM @.runs WHERE @.short(id) = @.short(child))) THEN RETURN false; END IF;
  RETURN due_at IS NOT NULL OR cardinality(children) > 0 OR cardinality(@.open_targets(r.number, 2)) > 0
    OR EXISTS (SELECT 1 FROM @.queue_items WHERE @.short(run) = @.short(r.id) AND step <> '' AND state <= 2);
END $$;

-- Whether an event that the run waits for has already happened.
CREATE FUNCTION @.has_news(r @.runs) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RETURN @.is_cancel_undelivered(r)
    OR EXISTS (SELECT 1 FROM @.queue_items WHERE @.short(run) = @.short(r.id) AND step <> '' AND state = 2)
    OR EXISTS (SELECT 1 FROM @.signals WHERE run = r.number AND NOT consumed AND name = ANY (@.open_targets(r.number, 2)))
    OR EXISTS (SELECT 1 FROM @.runs WHERE @.short(id) = ANY (@.shorts(@.open_targets(r.number, 3))) AND status IN ('completed', 'failed', 'cancelled'));
END $$;

-- What becomes of the slot of a run that is released (Q3).
CREATE FUNCTION @.release_slot(r @.runs, new_status text, at float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE item @.queue_items;
BEGIN
  SELECT * INTO item FROM @.queue_items WHERE @.short(run) = @.short(r.id) AND step = '';
  IF item.number IS NULL THEN RETURN; END IF;
  IF new_status = 'pending' THEN
    PERFORM @.line_up(item, CASE WHEN r.cancel IS NULL THEN coalesce(r.queue_rank, 0) ELSE ${FIRST} END, at);
  ELSIF r.hold AND item.state = 3 AND cardinality(@.open_targets(r.number, 3)) = 0 THEN
    UPDATE @.queue_items SET owner = NULL, until = NULL WHERE number = item.number;
  ELSE
    PERFORM @.leave(item, at);
  END IF;
END $$;

CREATE FUNCTION @.release(r @.runs, given jsonb, at float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE due_at float8 := (given->>'wakeAt')::float8; new_status text := 'pending';
BEGIN
  IF given ? 'blocked' THEN PERFORM @.end_run(r.id, at); END IF; -- nobody would take what they are offered
  IF given->>'status' = 'waiting' AND @.can_be_woken(r, due_at) THEN new_status := 'waiting'; END IF;
  UPDATE @.runs SET status = new_status, wake_at = CASE new_status WHEN 'waiting' THEN due_at END, blocked = given->'blocked', owner = NULL,
      lease_until = NULL, released_at = at, updated_at = at
    WHERE number = r.number;
  IF new_status = 'waiting' AND @.has_news(r) THEN
    UPDATE @.runs SET wake_at = least(coalesce(wake_at, at), at) WHERE number = r.number;
  END IF;
  IF r.queue IS NOT NULL AND NOT given ? 'blocked' THEN PERFORM @.release_slot(r, new_status, at); END IF;
END $$;

CREATE FUNCTION @.put_step(r @.runs, given jsonb, now float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE step jsonb := given->'step'; signal jsonb := given->'consume'; its_seq integer := (step->>'seq')::integer;
BEGIN
  IF its_seq IS NOT NULL AND NOT given ? 'next' AND EXISTS (SELECT 1 FROM @.steps WHERE run = r.number AND seq = its_seq) THEN RETURN false; END IF;
  IF signal IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM @.signals WHERE run = r.number AND @.short(name) = @.short(signal->>'name') AND slot = (signal->>'slot')::integer AND NOT consumed) THEN
    RETURN false;
  END IF;
  INSERT INTO @.steps (run, id, ${STEP_COLUMNS})
    VALUES (r.number, step->>'id', (step->>'kind')::smallint, (step->>'state')::smallint, its_seq, (step->>'attempt')::integer, (step->>'startedAt')::float8,
      (step->>'finishedAt')::float8, (step->>'dueAt')::float8, step->>'target', step->>'location', step->>'inputHash', step->>'output',
      step->>'failedAttempts', step->>'input')
    ${orReplaceOpen};
  IF NOT FOUND THEN RETURN false; END IF;
  IF signal IS NOT NULL THEN
    UPDATE @.signals SET consumed = true WHERE run = r.number AND @.short(name) = @.short(signal->>'name') AND slot = (signal->>'slot')::integer;
  END IF;
  IF given ? 'leaves' THEN PERFORM @.leave_slot(r.id, step->>'id', r.epoch, now); END IF;
  RETURN true;
END $$;

CREATE FUNCTION @.write(given jsonb, now float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE r @.runs; its_time float8 := coalesce((given->>'at')::float8, now);
BEGIN
  SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(given->>'run') AND epoch = (given->>'epoch')::integer AND owner IS NOT NULL;
  IF r.number IS NULL THEN RETURN false; END IF;
  CASE given->>'type'
    WHEN 'step' THEN RETURN @.put_step(r, given, now);
    WHEN 'finish' THEN PERFORM @.finish(r, given->>'status', given->>'output', given->'unhandled', (given->>'compensated')::boolean, its_time);
    WHEN 'release' THEN PERFORM @.release(r, given, its_time);
    WHEN 'progress' THEN UPDATE @.runs SET progress = given->>'value' WHERE number = r.number;
    WHEN 'stream' THEN RETURN @.append(r, given);
    WHEN 'code' THEN
      PERFORM @.record_code(given->>'code', given->>'modules');
      UPDATE @.runs SET code = given->>'code', code_seq = (given->>'codeSeq')::integer, code_history = given->>'codeHistory' WHERE number = r.number;
  END CASE;
  RETURN true;
END $$;

-- A batch of writes, in order (S3, S4). A run that is released is locked together with its children, so that neither misses what the other does.
CREATE FUNCTION @.commit(writes jsonb, batch text, test_time float8) RETURNS boolean[] LANGUAGE plpgsql AS $$
DECLARE ids text[]; released text[]; children text[] := '{}'; each jsonb; answers boolean[] := '{}'; now float8;
BEGIN
  ids := array(SELECT DISTINCT w->>'run' FROM jsonb_array_elements(writes) AS w);
  released := array(SELECT w->>'run' FROM jsonb_array_elements(writes) AS w WHERE w->>'type' = 'release');
  IF cardinality(released) > 0 THEN
    children := array(
      SELECT target FROM @.steps s JOIN @.runs r ON r.number = s.run WHERE @.short(r.id) = ANY (@.shorts(released)) AND s.state = 0 AND s.kind = 3
      UNION ALL SELECT w->'step'->>'target' FROM jsonb_array_elements(writes) AS w WHERE w->'step'->>'kind' = '3');
  END IF;
  PERFORM @.lock_queues(ids);
  PERFORM @.lock_runs(ids || children);
  PERFORM @.lock_queues(ids); -- what has entered one meanwhile
  -- after the locks: what was sent before may be about to end
  IF EXISTS (SELECT 1 FROM @.batches WHERE id = batch) THEN RETURN (SELECT b.answers FROM @.batches b WHERE b.id = batch); END IF;
  now := @.clock(test_time);
  FOR each IN SELECT * FROM jsonb_array_elements(writes) LOOP answers := answers || @.write(each, now); END LOOP;
  INSERT INTO @.batches (id, at, answers) VALUES (batch, now, answers);
  IF random() < 0.01 THEN
    DELETE FROM @.batches WHERE id = ANY (array(SELECT id FROM @.batches WHERE at < now - ${ANSWERED} LIMIT 1000 FOR UPDATE SKIP LOCKED));
  END IF;
  RETURN answers;
END $$;
`;
