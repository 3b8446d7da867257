import pg from "pg";
import { setImmediate } from "node:timers/promises";

/** Where a transaction stands still: before the n-th row that it writes, or when it has done everything but commit. */
export type Point = number | "commit";

export interface Together<A, B> {
  readonly answers: readonly [A, B];
  /** The second one had to wait for the first one. */
  readonly waited: boolean;
}

export interface Gate {
  /** Calls both. The first one stands still at the point, until the second one has ended or waits for it. Undefined: the first one never comes to that point. */
  between<A, B>(point: Point, first: () => Promise<A>, second: () => Promise<B>): Promise<Together<A, B> | undefined>;
  close(): Promise<void>;
}

const LOCK = 4_711;
/** A sequence counts outside of transactions, so that all of them see it. The transaction that draws zero stands still. */
const install = (schema: string): string => `
  CREATE SEQUENCE ${schema}.gate_write MINVALUE -1000;
  CREATE SEQUENCE ${schema}.gate_commit MINVALUE -1000;
  CREATE FUNCTION ${schema}.gate() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF nextval(TG_ARGV[0]::regclass) = 0 THEN PERFORM pg_advisory_xact_lock(${LOCK}, hashtext('${schema}')); END IF;
    RETURN coalesce(NEW, OLD);
  END $$;
  DO $$
  DECLARE name text;
  BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '${schema}' LOOP
      EXECUTE format('CREATE TRIGGER gate_write BEFORE INSERT OR UPDATE OR DELETE ON ${schema}.%I FOR EACH ROW EXECUTE FUNCTION ${schema}.gate(''${schema}.gate_write'')', name);
      EXECUTE format('CREATE CONSTRAINT TRIGGER gate_commit AFTER INSERT OR UPDATE OR DELETE ON ${schema}.%I DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION ${schema}.gate(''${schema}.gate_commit'')', name);
    END LOOP;
  END $$`;

/** @param url - of a store whose schema exists; the sessions of the schema have its name as their `application_name` */
export async function gateOf(url: string, schema: string): Promise<Gate> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(install(schema));

  const arm = (point: Point | undefined): Promise<unknown> =>
    client.query(
      `SELECT setval('${schema}.gate_write', ${typeof point === "number" ? -point : 1}), setval('${schema}.gate_commit', ${point === "commit" ? -1 : 1})`,
    );
  const waiting = async (): Promise<number> => {
    const { rows } = await client.query(
      `SELECT count(*)::integer AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = '${schema}'`,
    );
    return (rows[0] as { count: number }).count;
  };
  const lock = (how: "lock" | "unlock"): Promise<unknown> =>
    client.query(`SELECT pg_advisory_${how}(${LOCK}, hashtext('${schema}'))`);
  /** Whether the call has ended before so many wait. */
  const endsBefore = async (call: Promise<unknown>, count: number): Promise<boolean> => {
    let ended = false;
    const end = (): void => void (ended = true);
    call.then(end, end);
    for (;;) {
      const all = await waiting();
      await setImmediate();
      if (ended) return true;
      if (all >= count) return false;
    }
  };

  return {
    async between(point, first, second) {
      await lock("lock");
      await arm(point);
      const a = first();
      try {
        if (await endsBefore(a, 1)) {
          await a;
          return undefined;
        }
        const b = second();
        const waited = !(await endsBefore(b, 2));
        await lock("unlock");
        return { answers: await Promise.all([a, b]), waited };
      } finally {
        await client.query("SELECT pg_advisory_unlock_all()");
        await arm(undefined);
      }
    },
    close: () => client.end(),
  };
}
