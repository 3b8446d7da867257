/** The transitions of schedules. Each function is one. */
export const schedules = `
CREATE FUNCTION @.put_schedule(given jsonb, test_time float8) RETURNS SETOF @.schedules LANGUAGE plpgsql AS $$
DECLARE
  found @.schedules; is_directive boolean := coalesce((given->>'directive')::boolean, false);
  its_anchor float8 := (given->>'anchor')::float8;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext(@@), -2); -- of two that define it, one creates it
  SELECT * INTO found FROM @.schedules WHERE @.short(name) = @.short(given->>'name') FOR UPDATE;
  IF found.revision IS NOT NULL AND is_directive AND NOT found.directive THEN
    RETURN NEXT found;
    RETURN;
  END IF;
  PERFORM @.record_code(given->>'code', given->>'modules');
  IF found.revision IS NULL THEN
    INSERT INTO @.schedules (name, revision, next_at, done_to, anchor, created_at, directive, timing, policy, overlap, workflow, file, input, input_hash, code)
      VALUES (given->>'name', nextval('@.schedule_revisions'), (given->>'nextAt')::float8, its_anchor, its_anchor, @.clock(test_time), is_directive,
        given->>'timing', given->>'policy', given->>'overlap', given->>'workflow', given->>'file', given->>'input', given->>'inputHash', given->>'code')
      RETURNING * INTO found;
    RETURN NEXT found;
    RETURN;
  END IF;
  IF (found.timing, found.policy, found.overlap, found.workflow, found.input_hash, found.directive)
     IS DISTINCT FROM (given->>'timing', given->>'policy', given->>'overlap', given->>'workflow', given->>'inputHash', is_directive) THEN
    found.revision := nextval('@.schedule_revisions');
  END IF;
  UPDATE @.schedules SET revision = found.revision,
      anchor = CASE WHEN timing = given->>'timing' THEN anchor ELSE its_anchor END,
      done_to = CASE WHEN timing = given->>'timing' THEN done_to ELSE its_anchor END,
      next_at = CASE WHEN timing = given->>'timing' THEN next_at ELSE (given->>'nextAt')::float8 END,
      directive = is_directive, timing = given->>'timing', policy = given->>'policy', overlap = given->>'overlap', workflow = given->>'workflow',
      file = given->>'file', input = given->>'input', input_hash = given->>'inputHash', code = given->>'code'
    WHERE @.short(name) = @.short(given->>'name') RETURNING * INTO found;
  RETURN NEXT found;
END $$;

CREATE FUNCTION @.pause_schedule(wanted text, its_revision bigint, pauses boolean, new_done_to float8, new_next_at float8) RETURNS SETOF @.schedules LANGUAGE plpgsql AS $$
DECLARE found @.schedules;
BEGIN
  SELECT * INTO found FROM @.schedules WHERE @.short(name) = @.short(wanted) AND revision = its_revision FOR UPDATE;
  IF found.revision IS NULL THEN RETURN; END IF;
  IF found.paused IS DISTINCT FROM pauses THEN
    UPDATE @.schedules SET paused = pauses, revision = nextval('@.schedule_revisions'), done_to = CASE WHEN pauses THEN done_to ELSE new_done_to END,
        next_at = CASE WHEN pauses THEN next_at ELSE new_next_at END
      WHERE @.short(name) = @.short(wanted) RETURNING * INTO found;
  END IF;
  RETURN NEXT found;
END $$;

CREATE FUNCTION @.unfinished_of(wanted text) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT array(SELECT id::text FROM @.runs WHERE @.short(schedule) = @.short(wanted) AND status IN ('pending', 'running', 'waiting') ORDER BY number)
$$;

-- Begins what is due, under the overlap of the schedule (Z2, Z3). NULL: the schedule has changed meanwhile.
CREATE FUNCTION @.tick_schedule(given jsonb, most_waiting integer, test_time float8) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  s @.schedules; tick jsonb; now float8; others text[]; other text; r @.runs; answer record;
  begun jsonb := '[]'; cancelled text[] := '{}'; waits jsonb := '[]';
BEGIN
  SELECT * INTO s FROM @.schedules WHERE @.short(name) = @.short(given->>'name') AND revision = (given->>'revision')::bigint AND NOT paused FOR UPDATE;
  IF s.revision IS NULL THEN RETURN NULL; END IF;
  others := @.unfinished_of(s.name);
  PERFORM @.lock_starts((SELECT coalesce(jsonb_agg(each->'run'), '[]') FROM jsonb_array_elements(given->'runs') AS each), others);
  PERFORM @.lock_runs(others);
  now := @.clock(test_time);
  FOR tick IN SELECT * FROM jsonb_array_elements(given->'runs') LOOP
    others := CASE s.overlap WHEN 'allow' THEN '{}' ELSE array_remove(@.unfinished_of(s.name), tick->'run'->>'id') END;
    IF cardinality(others) > 0 AND s.overlap = 'queue' AND jsonb_array_length(waits) < most_waiting THEN
      waits := waits || jsonb_build_array(tick->'at');
    ELSIF cardinality(others) > 0 AND s.overlap <> 'cancel-running' THEN
      s.skipped := s.skipped + 1;
    ELSE
      FOREACH other IN ARRAY others LOOP
        SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(other);
        IF r.cancel IS NULL AND r.status NOT IN ('completed', 'failed', 'cancelled') THEN PERFORM @.cancel_locked(r, given->>'reason', now); END IF;
      END LOOP;
      cancelled := cancelled || others;
      SELECT * INTO answer FROM @.create_run(tick->'run', now);
      begun := begun || jsonb_build_array(jsonb_build_object('created', answer.is_new, 'run', to_jsonb(answer.made)));
      s.last_at := (tick->>'at')::float8;
      s.last_run := tick->'run'->>'id';
      IF answer.is_new THEN s.runs := s.runs + 1; END IF;
    END IF;
  END LOOP;
  UPDATE @.schedules SET revision = nextval('@.schedule_revisions'), waiting = waits, skipped = s.skipped, last_at = s.last_at, last_run = s.last_run,
      runs = s.runs, done_to = (given->>'doneTo')::float8, next_at = (given->>'nextAt')::float8
    WHERE @.short(name) = @.short(s.name) RETURNING * INTO s;
  RETURN jsonb_build_object('schedule', to_jsonb(s), 'runs', begun, 'cancelled', to_jsonb(cancelled));
END $$;
`;
