import { resolve, sep } from "node:path";
import { checkOptions, PerdureError, systemTime } from "@perdure/protocol";
import { claimInTurn } from "../claim-in-turn.ts";
import type { Claimed, CreatedRun, NewRun, NextRuns, Store, StreamHead, Wakeup, Write } from "../contract.ts";
import { applyBatch, leaveSlot, putNext } from "./commit.ts";
import { codesTable } from "./codes.ts";
import { connect, fileIdentity, migrateFile, settings, type Durability, type Settings } from "./connection.ts";
import { translate, type Place } from "./errors.ts";
import { executionsTable } from "./executions.ts";
import { admit, enqueue, expire, freeSlots, itemsOf, offers, offersOf, queueRows } from "./flow/flow.ts";
import { lines } from "./flow/line.ts";
import { conditionsTable } from "./flow/conditions.ts";
import { applyConditions, hasConditions, joined } from "./flow/starting.ts";
import { LATEST_OFFER } from "../flow.ts";
import { cancel, deliver, fork, prune, remove, restart, retry, unblock } from "./requests.ts";
import { runsTable } from "./runs.ts";
import { sequences } from "./sequences.ts";
import { sqliteSchedules } from "./schedule-requests.ts";
import { schedulesTable } from "./schedules.ts";
import { signalsTable } from "./signals.ts";
import { stepsTable } from "./steps.ts";
import { streamsTable } from "./streams.ts";
import type { Tables } from "./tables.ts";
import { transactions, type Transactions } from "./transaction.ts";
import { watchFile } from "./watch.ts";
import { eachBatchOnce } from "../recent.ts";
import { timedClaim, timedRun, type TimedClaim, type TimedRun } from "../timed.ts";

export interface SqliteOptions {
  /** `full` (the default): a commit survives a power failure. `normal`: a commit survives the end of the process, and takes about an eighth of the time. */
  readonly durability?: Durability;
  /** How long to wait for the lock of another process, in milliseconds. Default: 5,000. */
  readonly busyTimeout?: number;
}

export type SqliteSettings = Settings;

export interface SqliteStore extends Store {
  /** The settings of the store's connection, as SQLite reports them. */
  settings(): SqliteSettings;
}

interface Session extends Transactions {
  readonly tables: Tables;
  /** Identity of the file that was opened. */
  readonly file: string | undefined;
  readonly settings: () => Settings;
  /** Changes when another connection has written. */
  readonly version: () => number;
  readonly close: () => void;
}

/**
 * A store in one SQLite file, for any number of processes on one machine. Every method returns synchronously.
 * @throws PerdureError `STORE_URL_INVALID`, `OPTION_UNKNOWN`
 */
export function sqliteStore(path: string, options: SqliteOptions = {}): SqliteStore {
  const known = checkOptions(options, { durability: true, busyTimeout: true }, "sqliteStore()");
  const { durability = "full", busyTimeout = 5_000 } = known;
  const name = `sqlite:${path}`;
  // SQLite would open these paths as a database in memory, which is not durable.
  if (path.trim() === "" || path === ":memory:") throw new PerdureError("STORE_URL_INVALID", { url: name });
  const place: Place = { path: absolute(path), busyTimeout };
  let session: Session | undefined;
  let now = systemTime.wallTime;
  const time = (): number => now();

  /** Every access to the file goes through this function, which translates the errors of SQLite. */
  const use = <T>(work: (open: Session) => T): T => {
    if (!session) throw new PerdureError("STORE_CLOSED", { name });
    try {
      return work(session);
    } catch (error) {
      throw translate(error, place);
    }
  };
  const read = <T>(work: (tables: Tables) => T): T => use((open) => work(open.tables));
  /** SQLite would go on writing to a file that was deleted or replaced, and nobody would ever read it. */
  const assertFile = (file: string | undefined): void => {
    if (fileIdentity(place.path) !== file) throw new PerdureError("STORE_REPLACED", { path: place.path });
  };
  const write = <T>(work: (tables: Tables) => T): T =>
    use(({ tables, file, write: within }) => {
      let committed = false;
      try {
        const result = within(() => work(tables));
        assertFile(file);
        committed = true;
        return result;
      } finally {
        tables.codes.settle(committed);
      }
    });

  const create = (tables: Tables, run: NewRun): CreatedRun => createAt(tables, timedRun(run, now()));
  /** The steps and streams of a run; nothing where they cannot be read. */
  const stepsOf = (run: string): Pick<Claimed, "steps" | "streams"> => {
    try {
      return read((tables) => {
        const streams = headsOf(tables, run);
        return { steps: tables.steps.some(run, {}), ...(streams.length > 0 && { streams }) };
      });
    } catch {
      return {};
    }
  };

  const createRuns = (wanted: readonly NewRun[]): CreatedRun[] => {
    const [first, ...others] = wanted;
    // who attaches to a run need not wait for the lock
    const known = first && others.length === 0 ? read(({ runs }) => runs.get(first.id)) : undefined;
    if (known) return [{ created: false, run: known }];
    return write((tables) => wanted.map((run) => create(tables, run)));
  };

  const commit = (writes: readonly Write[]): boolean[] => {
    const [first] = writes;
    if (!first) return [];
    // a single statement is a transaction of its own
    const isDone = use(({ tables, file }) => {
      const done = writes.length === 1 && putNext(tables, first);
      if (done) assertFile(file);
      return done;
    });
    return isDone ? [true] : write((tables) => applyBatch(tables, writes, now()));
  };
  const once = eachBatchOnce();

  return {
    ...sqliteSchedules({ read: (work) => use((open) => open.read(() => work(open.tables))), write, create, time }),
    name,
    open(given = {}) {
      now = given.now ?? now;
      session ??= openSession(place, durability);
    },
    close() {
      const open = session;
      session = undefined;
      open?.close();
    },
    migrate: (request) => migrateFile(place, request),
    settings: () => use((open) => open.settings()),
    time,
    watch: (changed) => use((open) => watchFile(place.path, open.version, changed)),

    createRun: (run) => existing(createRuns([run])[0]),
    createRuns,
    getRun: (id) => read(({ runs }) => runs.get(id)),
    getCode: (code) => read(({ codes }) => codes.get(code)),
    listRuns: (filter) => use((open) => open.read(() => open.tables.runs.list(filter))),
    countRuns: () => read(({ runs }) => runs.count()),
    unfinished: (filter) => read(({ runs }) => runs.unfinished({ ...filter, now: now() })),
    owners: () => read(({ runs }) => runs.owners()),
    claim: (request) => write((tables) => claimFrom(tables, timedClaim(request, now())))?.run,
    claimRuns(claims) {
      const rows = write((tables) => claims.map((each) => claimFrom(tables, timedClaim(each, now()))));
      return rows.map((claimed) => claimed && { ...claimed, ...stepsOf(claimed.run.id) });
    },
    claimNext(request) {
      const { limit, alive = [], dead = [], blocked = true } = request;
      const filter = { alive, dead, blocked };
      const next = (tables: Tables): NextRuns =>
        claimInTurn(
          request,
          (except, most) => tables.runs.candidates({ ...filter, workflows, except, limit: most, now: now() }),
          (each) => claimFrom(tables, timedClaim(each, now())),
        );
      const workflows = request.executables.map(({ workflow }) => workflow);
      // who finds nothing need not wait for the lock
      const isIdle = () =>
        read(({ runs }) => runs.candidates({ ...filter, workflows, limit: 1, now: now() })).length === 0;
      if (limit > 0 && isIdle()) return { claimed: [], left: 0 };
      const { claimed, left } = limit > 0 ? write(next) : read(next);
      return { claimed: claimed.map((each) => ({ ...each, ...stepsOf(each.run.id) })), left };
    },
    executions: (run) => read(({ executions }) => executions.all(run)),
    renew({ runs: leased, ms }) {
      if (leased.length === 0) return [];
      return write(({ runs }) => leased.map(({ run, epoch }) => runs.renew(run, epoch, now() + ms)));
    },
    steps: (run, filter = {}) => read(({ steps }) => steps.some(run, filter)),
    commit: (writes, batch) => once(batch, () => commit(writes)),
    readStream: (query) =>
      use((open) =>
        open.read(() => {
          const head = open.tables.runs.head(query.run);
          if (!head) return undefined;
          const { number, status, epoch } = head;
          return { ...open.tables.streams.read(number, query), status, epoch };
        }),
      ),
    streams: (run) => read((tables) => headsOf(tables, run)),
    deliver: (delivery) => write((tables) => deliver(tables, { ...delivery, now: now() })),
    wakeups: (asked) => use((open) => open.read(() => asked.map(({ run, epoch }) => wakeup(open.tables, run, epoch)))),
    cancel: (cancellation) => write((tables) => cancel(tables, { ...cancellation, now: now() })),
    retry: ({ run, force = false }) => write((tables) => retry(tables, run, now(), force)),
    restart: ({ run, seed }) => write((tables) => restart(tables, run, now(), seed)),
    fork: (request) => write((tables) => fork(tables, { ...request, now: now() })),
    unblock: (run) => write((tables) => unblock(tables, run)),
    delete: (deletion) => write((tables) => remove(tables, { ...deletion, now: now() })),
    prune: (filter) => write((tables) => prune(tables, { ...filter, now: now() })),

    defineQueue: (definition) =>
      write(({ line }) => {
        line.queues.define(definition);
        line.refreshAll(definition.name);
        line.fill(definition.name, now());
      }),
    queues: () => use((open) => open.read(() => queueRows(open.tables))),
    queueKeys: (queue, limit) =>
      read(({ line }) =>
        line.items.keys(queue, limit).map(({ oldest, ...key }) => ({ ...key, ...(oldest !== null && { oldest }) })),
      ),
    queueItems: (run) => read((tables) => itemsOf(tables, run)),
    enqueue: (steps) => write((tables) => steps.map((step) => enqueue(tables, step, now()))),
    leave: (step) => write(({ line }) => leaveSlot(line, step, now())),
    correctStart: ({ queue, start, at }) => write(({ line }) => line.correctStart(queue, start, at)),
    offers(query) {
      const at = now();
      const look = read(({ line }) => line.queues.toLookAt(at, at + LATEST_OFFER, query.workflows));
      if (look.length > 0) write((tables) => offers(tables, { ...query, now: now() }, look));
      return read((tables) => offersOf(tables, now()));
    },
    renewSlots: ({ owner, ms }) => write(({ line }) => line.items.renew(owner, now() + ms)),
    slotOwners: () => read(({ line }) => line.items.owners()),
    freeSlots: (owner) => write((tables) => freeSlots(tables, { ...owner, now: now() })),
    expire(limits) {
      const hasLate = read(({ conditions }) => conditions.late(now()).length > 0);
      return hasLate ? write((tables) => expire(tables, { ...limits, now: now() })) : [];
    },
  };
}

function openSession(place: Place, durability: Durability): Session {
  const db = connect(place, durability);
  try {
    const steps = stepsTable(db);
    const runs = runsTable(db);
    const tables = {
      runs,
      line: lines(db, runs),
      conditions: conditionsTable(db),
      steps,
      signals: signalsTable(db),
      streams: streamsTable(db),
      sequences: sequences(steps),
      codes: codesTable(db),
      executions: executionsTable(db),
      schedules: schedulesTable(db),
    };
    return {
      ...transactions(db),
      tables,
      file: fileIdentity(place.path),
      settings: () => settings(db),
      version: () => Number(db.pragma("data_version", { simple: true })),
      close: () => void db.close(),
    };
  } catch (cause) {
    db.close();
    // The schema has the right version, so a statement that does not match the schema means damage.
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new PerdureError("STORE_CORRUPT", { path: place.path, detail }, { cause });
  }
}

/** The path must not change when the program changes its current directory. A trailing slash still means "directory". */
function absolute(path: string): string {
  return /[/\\]$/u.test(path) ? resolve(path) + sep : resolve(path);
}

function existing<T>(row: T | undefined): T {
  if (row === undefined) throw new Error("a row that was just written is missing");
  return row;
}

function createAt(tables: Tables, run: TimedRun): CreatedRun {
  const isPlain = !hasConditions(run);
  const known = isPlain ? undefined : (tables.runs.get(run.id) ?? joined(tables, run));
  if (known) return { created: false, run: known };
  const { runs, codes, signals } = tables;
  const created = runs.insert(isPlain ? run : { ...run, lease: undefined });
  if (!created) return { created: false, run: existing(runs.get(run.id)) };
  codes.record(run.code, run.modules);
  signals.adoptEarly(run.id);
  if (isPlain) return { created: true, run: created };
  applyConditions(tables, run);
  return { created: true, run: existing(runs.get(run.id)) };
}

function claimFrom(tables: Tables, request: TimedClaim): Claimed | undefined {
  const { runs, steps, executions, line } = tables;
  const { run, lease, now } = request;
  const before = runs.ownership(run);
  if (!before) return undefined;
  const slot = before.queue === null ? undefined : admit(tables, before.queue, request);
  if ((before.queue !== null && !slot) || !runs.claim(request, steps.lastSeq(before.number))) return undefined;
  const row = existing(runs.get(run));
  if (slot) line.take(slot, { owner: lease.owner, until: null, epoch: row.epoch, now });
  const { owner: from, releasedAt } = before;
  const found = { ...(from !== null && { from }), ...(releasedAt !== null && { releasedAt }) };
  executions.insert(before.number, { epoch: row.epoch, owner: lease.owner, claimedAt: now, ...found });
  return { run: row, ...(from !== null && { from }) };
}

function headsOf({ runs, streams }: Tables, run: string): StreamHead[] {
  const head = runs.head(run);
  return head ? streams.heads(head.number) : [];
}

function wakeup({ runs, signals }: Tables, run: string, epoch: number): Wakeup {
  const head = runs.head(run);
  const state = {
    run,
    owned: head !== undefined && head.owned && head.epoch === epoch,
    signals: signals.unconsumed(run),
  };
  return head === undefined || head.cancel === null ? state : { ...state, cancel: head.cancel };
}
