import { PerdureError } from "@perdure/protocol";
import type { Awaitable, SchemaVersions, Store, StreamStore, Write } from "@perdure/store/contract";
import { Recent } from "@perdure/store/recent";
import { DURABLE_WRITES, wrapStore } from "@perdure/store/wrap-store";
import { connect, type Database } from "./connection/database.ts";
import { isPooled } from "./connection/errors.ts";
import { hints, type Hints } from "./connection/hints.ts";
import { placeOf, type Place } from "./connection/place.ts";
import { encodeText } from "./connection/text.ts";
import type { PostgresOptions } from "./options.ts";
import { commit } from "./requests/commit.ts";
import { postgresFlow } from "./requests/flow.ts";
import { heldRuns } from "./requests/held.ts";
import { countRuns, listRuns, owners, prune, unfinished } from "./requests/listings.ts";
import {
  claim,
  claimNext,
  claimRuns,
  createRuns,
  executions,
  fork,
  getCode,
  getRun,
  renew,
  steps,
  wakeups,
} from "./requests/runs.ts";
import { postgresSchedules } from "./requests/schedules.ts";
import type { Session, Use } from "./requests/session.ts";
import { migrate, versions } from "./schema/migrate.ts";

/** A store with everything that a store may have. */
export type PostgresStore = Required<Omit<Store, keyof StreamStore>>;

/**
 * A store in a schema of a PostgreSQL database, for any number of processes on any number of machines. The server's clock decides.
 * @param url - `postgres://user:password@host:5432/database`, with `?schema=` and `?pgbouncer=true` if needed
 * @throws PerdureError `STORE_URL_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function postgresStore(url: string, options: PostgresOptions = {}): PostgresStore {
  const place = placeOf(url, options);
  let session: (Session & { readonly hints: Hints }) | undefined;

  const use: Use = async (request) => {
    if (!session) throw new PerdureError("STORE_CLOSED", { name: place.name });
    return request(session);
  };
  /** Whether something was done: true, false, or undefined if the run does not exist. */
  const asks = (sql: string, values: readonly unknown[]): Promise<boolean | undefined> =>
    use(async ({ database, now }) => {
      const [row] = await database.query<{ answer: boolean | null }>(`SELECT ${sql} AS answer`, [...values, now()]);
      return row?.answer ?? undefined;
    });

  const store: PostgresStore = {
    ...postgresFlow(use),
    ...postgresSchedules(use),
    name: place.name,
    async open({ now } = {}) {
      if (session) return;
      const { database, place: found } = await openDatabase(place, migrate);
      session = {
        database,
        held: heldRuns(),
        batches: new Recent(),
        now: () => now?.() ?? null,
        hints: hints(found, database),
      };
    },
    async migrate({ check = false } = {}) {
      const { database, versions: before } = await openDatabase(place, check ? look : migrate);
      await database.close();
      return before;
    },
    async close() {
      const open = session;
      session = undefined;
      open?.hints.close();
      await open?.database.close();
    },
    watch(changed) {
      if (!session) throw new PerdureError("STORE_CLOSED", { name: place.name });
      return session.hints.listen(changed);
    },
    changes: () => session?.hints.changes(),
    time: () =>
      use(async ({ database, now }) => {
        const [row] = await database.query<{ time: number }>("SELECT @.clock($1) AS time", [now()]);
        return row?.time ?? Date.now();
      }),
    createRun: (run) =>
      use(async (open) => {
        const [created] = await createRuns(open, [run]);
        if (!created) throw new Error("a run that was just written is missing");
        return created;
      }),
    createRuns: (runs) => use((open) => createRuns(open, runs)),
    getRun: (id) => use((open) => getRun(open, id)),
    getCode: (code) => use((open) => getCode(open, code)),
    listRuns: (filter) => use((open) => listRuns(open, filter)),
    countRuns: () => use(countRuns),
    owners: () => use(owners),
    unfinished: (filter) => use((open) => unfinished(open, filter)),
    claim: (request) => use((open) => claim(open, request)),
    claimRuns: (claims) => use((open) => claimRuns(open, claims)),
    claimNext: (request) => use((open) => claimNext(open, request)),
    executions: (run) => use((open) => executions(open, run)),
    renew: (renewal) => use((open) => renew(open, renewal)),
    steps: (run, filter = {}) => use((open) => steps(open, run, filter)),
    commit: (writes, batch) => use((open) => commit(open, writes, batch)),
    deliver: async ({ run, name, payload }) =>
      (await asks("@.deliver($1, $2, $3, $4)", [run, name, payload].map(encodeText))) ?? false,
    wakeups: (asked) => use((open) => wakeups(open, asked)),
    cancel: ({ run, reason }) => asks("@.cancel($1, $2, $3)", [encodeText(run), encodeText(reason)]),
    retry: ({ run, force = false }) => asks("@.retry($1, $2, $3)", [encodeText(run), force]),
    restart: ({ run, seed }) => asks("@.restart($1, $2, $3)", [encodeText(run), encodeText(seed)]),
    fork: (request) => use((open) => fork(open, request)),
    unblock: (run) =>
      use(async ({ database }) => {
        const [row] = await database.query<{ answer: boolean | null }>("SELECT @.unblock($1) AS answer", [
          encodeText(run),
        ]);
        return row?.answer ?? undefined;
      }),
    delete: ({ run, force = false }) => asks("@.remove($1, $2, $3)", [encodeText(run), force]),
    prune: (filter) => use((open) => prune(open, filter)),
  };
  return wrapStore(store, <R>(method: keyof Store, perform: () => Awaitable<R>, args: readonly unknown[]) => {
    const answer = perform();
    if (!concernsOthers(method, args)) return answer;
    const written = (): void => session?.hints.written();
    return Promise.resolve(answer).then(
      (done) => {
        if (!isNothing(done)) written();
        return done;
      },
      (error: unknown) => {
        written(); // whether it was done is not known
        throw error;
      },
    );
  }) as PostgresStore;
}

/**
 * Whether an answer says that nothing was written. Workers look when they hear of a write, and what they ask for then mostly has nothing to do: if that were
 * announced, they would keep each other awake.
 */
const isNothing = (answer: unknown): boolean =>
  answer === false ||
  answer === 0 ||
  (Array.isArray(answer) && answer.every((each) => each === undefined || each === false));

type Prepare = (database: Database, place: Place) => Promise<SchemaVersions>;

const look: Prepare = (database, place) => versions(database.query, place);

/** A pooler that takes no settings of a session in is one that has no use for prepared statements either. */
async function openDatabase(
  place: Place,
  prepare: Prepare,
): Promise<{ readonly database: Database; readonly place: Place; readonly versions: SchemaVersions }> {
  const database = connect(place);
  try {
    if (!place.prepared && place.durable) await assertDurable(database, place);
    return { database, place, versions: await prepare(database, place) };
  } catch (error) {
    await database.close();
    if (place.prepared && isPooled(error)) return openDatabase({ ...place, prepared: false }, prepare);
    throw error;
  }
}

/**
 * A session of a pooler is shared with others, so nothing can be set for it: the server or the user must have the setting.
 * @throws PerdureError `STORE_NOT_DURABLE`
 */
async function assertDurable(database: Database, { name }: Place): Promise<void> {
  const sql =
    "SELECT quote_ident(current_user) AS role FROM pg_settings WHERE name = 'synchronous_commit' AND setting = 'off'";
  const [found] = await database.query<{ role: string }>(sql);
  if (!found) return;
  throw new PerdureError("STORE_NOT_DURABLE", {
    path: name,
    detail: "synchronous_commit is off there, and cannot be set for a session behind a pooler",
    hint: `set it for the user, and let the pooler open its connections again: ALTER ROLE ${found.role} SET synchronous_commit = on`,
  });
}

/** Nobody waits for a claim, nor for steps alone, which are most of what is written. */
function concernsOthers(method: keyof Store, args: readonly unknown[]): boolean {
  if (method === "claim" || method === "claimRuns" || method === "claimNext") return false;
  if (method === "commit") return (args[0] as readonly Write[]).some(({ type }) => type !== "step");
  return DURABLE_WRITES.has(method as never);
}
