import type { StoreMethod } from "../../store/src/wrap-store.ts";
import { migrations } from "../src/schema/migrations.ts";

/** A mistake in the functions of the schema. */
export interface Fault {
  /** Text of the functions, and what stands there instead. */
  readonly edits: readonly (readonly [string, string])[];
  /** It shows between calls of these methods, or of this one and itself. */
  readonly shows: readonly [StoreMethod, StoreMethod?];
}

const LOCK = " FOR NO KEY UPDATE;";
const ofRun = "SELECT * INTO r FROM @.runs WHERE @.short(id) = @.short(wanted)";

export const faults: Readonly<Record<string, Fault>> = {
  "the end of a run wakes nobody": {
    edits: [["  PERFORM @.wake_waiters(r.id, r.parent, at);\n", ""]],
    shows: ["commit"],
  },
  "a run that is released is locked without its children": {
    edits: [["PERFORM @.lock_runs(ids || children);", "PERFORM @.lock_runs(ids);"]],
    shows: ["commit", "prune"],
  },
  "a claim neither locks the run nor looks at it again": {
    edits: [
      [
        `${ofRun}${LOCK}\n  now := @.clock(test_time);\n  IF r.number IS NULL OR`,
        `${ofRun};\n  now := @.clock(test_time);\n  IF r.number IS NULL OR`,
      ],
      ["WHERE number = wanted AND (r.", "WHERE number = wanted AND (true OR r."],
    ],
    shows: ["claim"],
  },
  "a write under an earlier epoch is accepted": {
    edits: [["AND epoch = (given->>'epoch')::integer AND owner", "AND epoch >= (given->>'epoch')::integer AND owner"]],
    shows: ["commit", "claim"],
  },
  "a delivery does not lock the run": {
    edits: [
      [
        `${ofRun}${LOCK}\n  IF r.number IS NULL THEN\n    PERFORM pg_advisory`,
        `${ofRun};\n  IF r.number IS NULL THEN\n    PERFORM pg_advisory`,
      ],
    ],
    shows: ["deliver", "commit"],
  },
  "an early delivery does not keep creations away": {
    edits: [["    PERFORM pg_advisory_xact_lock(hashtext(@@), -1); -- nobody creates it meanwhile\n", ""]],
    shows: ["deliver", "createRun"],
  },
  "a cancellation locks nothing": {
    edits: [[`  PERFORM @.lock_whole(ARRAY[wanted]);\n  ${ofRun};\n`, `  ${ofRun};\n`]],
    shows: ["cancel", "claim"],
  },
  "a retry does not lock the run": {
    edits: [
      [
        `${ofRun}${LOCK}\n  IF r.number IS NULL THEN RETURN NULL; END IF;\n  IF r.status <> 'failed'`,
        `${ofRun};\n  IF r.number IS NULL THEN RETURN NULL; END IF;\n  IF r.status <> 'failed'`,
      ],
    ],
    shows: ["retry"],
  },
  "a restart does not lock the run": {
    edits: [
      [
        `${ofRun}${LOCK}\n  IF r.number IS NULL THEN RETURN NULL; END IF;\n  IF r.status NOT IN`,
        `${ofRun};\n  IF r.number IS NULL THEN RETURN NULL; END IF;\n  IF r.status NOT IN`,
      ],
    ],
    shows: ["restart"],
  },
  "a deletion wakes nobody": {
    edits: [
      [
        "  PERFORM @.drop_run(r, now);\n  PERFORM @.wake_waiters(r.id, r.parent, now);\n",
        "  PERFORM @.drop_run(r, now);\n",
      ],
    ],
    shows: ["delete", "commit"],
  },
  "a deletion forgets the epoch": {
    edits: [
      [
        "  INSERT INTO @.deleted_runs (id, epoch, at) VALUES (r.id, r.epoch, now)",
        "  INSERT INTO @.deleted_runs (id, epoch, at) VALUES (r.id, 0, now)",
      ],
    ],
    shows: ["createRun"],
  },
  "prune waits for others": {
    edits: [["AND updated_at < ended_before FOR UPDATE SKIP LOCKED;", "AND updated_at < ended_before;"]],
    shows: ["prune", "commit"],
  },
  "renew does not look at the epoch": {
    edits: [
      ["WHERE r.epoch = e.epoch AND r.owner IS NOT NULL", "WHERE r.owner IS NOT NULL"],
      ["WHERE @.short(r.id) = @.short(e.id) AND r.epoch = e.epoch AND", "WHERE @.short(r.id) = @.short(e.id) AND"],
    ],
    shows: ["renew", "claim"],
  },
  "starts that gather do not keep each other away": {
    edits: [["    PERFORM pg_advisory_xact_lock(hashtext(@@), bucket);\n", "    NULL;\n"]],
    shows: ["createRun"],
  },
  "a tick does not lock its schedule": {
    edits: [["AND NOT paused FOR UPDATE;", "AND NOT paused;"]],
    shows: ["tickSchedule"],
  },
  "of two definitions of a schedule, none waits": {
    edits: [["  PERFORM pg_advisory_xact_lock(hashtext(@@), -2); -- of two that define it, one creates it\n", ""]],
    shows: ["putSchedule"],
  },
  "a step asks for a slot without a lock": {
    edits: [
      [
        "  PERFORM @.lock_queues(ids, array(SELECT DISTINCT each->>'queue' FROM jsonb_array_elements(steps) AS each));\n",
        "",
      ],
    ],
    shows: ["enqueue", "leave"],
  },
  "a step leaves without a lock": {
    edits: [["  PERFORM @.lock_queues(ARRAY[wanted]);\n  PERFORM @.leave_slot", "  PERFORM @.leave_slot"]],
    shows: ["leave", "enqueue"],
  },
  "the slots of a dead owner are freed without a lock of its runs": {
    edits: [
      [
        "  PERFORM @.lock_runs(array(SELECT run::text FROM @.queue_items WHERE @.short(owner) = @.short(its_owner) AND state = 3 AND step = ''));\n",
        "",
      ],
    ],
    shows: ["freeSlots", "renew"],
  },
  "limits of time are looked at without a lock": {
    edits: [["  PERFORM @.lock_whole(late);\n", ""]],
    shows: ["expire", "cancel"],
  },
};

const original = migrations.map(({ sql }) => sql).join("");
const functionsOf = (sql: string): string[] => sql.split(/(?=^CREATE FUNCTION )/mu);

/** The statements that put the fault in, and those that take it out again. */
export function statementsOf({ edits }: Fault, schema: string): { readonly begin: string; readonly end: string } {
  let changed = original;
  for (const [from, to] of edits) {
    if (!changed.includes(from)) throw new Error(`the functions have no such text: ${from}`);
    changed = changed.replace(from, () => to);
  }
  const before = functionsOf(original);
  const after = functionsOf(changed);
  const of = (functions: readonly string[]): string =>
    functions
      .filter((text, place) => before[place] !== after[place] && text.startsWith("CREATE FUNCTION"))
      .map((text) => text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(/\$\$;[\s\S]*$/u, "$$$$;"))
      .join("\n")
      .replaceAll("@.", `"${schema}".`)
      .replaceAll("@@", `'${schema}'`);
  return { begin: of(after), end: of(before) };
}
