import { CancelledError, ProcessDiedError } from "perdure";
import * as families from "./families.ts";
import * as queues from "./queues.ts";
import * as steps from "./steps.ts";
import * as streams from "./streams.ts";
import * as runs from "./ticking.ts";
import * as troubles from "./troubles.ts";
import * as waits from "./waits.ts";

/** What became of a run, and what had been done to it. */
export interface Fate {
  readonly id: string;
  readonly args: readonly unknown[];
  /** "blocked" is a pending run with a reason. */
  readonly status: string;
  /** What it returned or threw, or the code of what blocks it. */
  readonly value: unknown;
  /** What its completed steps came to. */
  readonly results: readonly unknown[];
  /** Whether its body was ever called. */
  readonly hasBegun: boolean;
  /** A cancellation of the run, or of another run of its family, was asked for. */
  readonly isCancelAsked: boolean;
  /** Times that it was asked to be tried again. */
  readonly retries: number;
  /** Times that its execution was cut off: its process died, closed, or lost it, or the store failed. */
  readonly interruptions: number;
  /** Payloads that the store accepted, in order, by the name of the signal. */
  readonly accepted: (name: string) => readonly unknown[];
}

type Check = (fate: Fate) => boolean;

export interface Shape {
  readonly workflow: (...args: never[]) => Promise<unknown>;
  /** The module that a process needs for it. */
  readonly module: Module;
  /** Further arguments. */
  readonly args: readonly unknown[];
  readonly signals: readonly string[];
  /** The streams that it writes to. */
  readonly streams: readonly string[];
  /** A run of it that is called again and again would kill all processes. */
  readonly isDeadly: boolean;
  /** Whether it may have ended, or be blocked, like that. */
  readonly mayEnd: Check;
}

export const MODULES = ["steps", "waits", "families", "troubles", "queues", "ticking", "streams"] as const;
export type Module = (typeof MODULES)[number];

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const returned =
  (...values: readonly unknown[]): Check =>
  ({ status, value }) =>
    status === "completed" && values.some((each) => same(value, each));
const where =
  (holds: (value: never, fate: Fate) => boolean): Check =>
  (fate) =>
    fate.status === "completed" && holds(fate.value as never, fate);
const threw =
  (message: string): Check =>
  ({ status, value }) =>
    status === "failed" && value instanceof Error && value.message.startsWith(message);
const isBlockedBy =
  (code: string): Check =>
  ({ status, value }) =>
    status === "blocked" && value === code;
const either =
  (...checks: readonly Check[]): Check =>
  (fate) =>
    checks.some((check) => check(fate));
const withResult =
  (result: unknown, check: Check): Check =>
  (fate) =>
    check(fate) && (!fate.hasBegun || fate.results.some((each) => same(each, result)));

/** Every run may be cancelled if that was asked for. */
const cancelled: Check = ({ status, value, isCancelAsked }) =>
  isCancelAsked && (status === "cancelled" || (status === "failed" && value instanceof CancelledError));
/** Attempts that were cut off count, once the store has recorded that they began. */
const diedTooOften: Check = ({ status, value, interruptions }) =>
  status === "failed" && value instanceof Error && value.name === ProcessDiedError.name && interruptions > 1;
const stoppedTooOften: Check = (fate) => isBlockedBy("RUN_KEEPS_FAILING")(fate) && fate.interruptions > 2;

const cutOff = either(diedTooOften, stoppedTooOften);

interface More extends Partial<Pick<Shape, "args" | "signals" | "streams" | "isDeadly">> {
  /** A step that is executed whether or not the run is cancelled. */
  readonly always?: unknown;
}

function shape(module: Module, workflow: Shape["workflow"], expected: Check, { always, ...more }: More = {}): Shape {
  const ends = either(expected, cancelled);
  const mayEnd = either(always === undefined ? ends : withResult(always, ends), cutOff);
  return { workflow, module, args: [], signals: [], streams: [], isDeadly: false, ...more, mayEnd };
}

/** What the store accepted first, in this order; of a wait with a timeout it may be "late" too. */
const inOrder = (items: readonly unknown[], accepted: readonly unknown[]): boolean => {
  const came = items.filter((item) => item !== "late");
  return same(came, accepted.slice(0, came.length));
};

const permutation = (order: readonly unknown[]): boolean => same([...order].sort(), [1, 2, 3, 4]);

/** Once it is cancelled, every later call is refused. */
const isSticky = (results: readonly string[], { isCancelAsked }: Fate): boolean => {
  const first = results.indexOf("cancelled");
  if (first === -1) return results.length === 6 && results.every((each) => each === "done" || each === "failed");
  return isCancelAsked && results.slice(first).every((each) => each === "cancelled");
};

/** What they write is judged elsewhere. */
const anyValue = where(() => true);
const told = either(anyValue, threw("attempt "));

const streaming = {
  story: shape("streams", streams.story, told, { streams: ["default"] }),
  choir: shape("streams", streams.choir, told, { streams: ["default", "other", "solo", "duet"] }),
  diary: shape("streams", streams.diary, anyValue, { streams: ["default", "other"] }),
  spoiled: shape("streams", streams.spoiled, told, { streams: ["default", "other"] }),
  breaksOff: shape("streams", streams.breaksOff, threw("always"), { streams: ["default", "other"] }),
  corrected: shape(
    "streams",
    streams.corrected,
    either(anyValue, (fate) => fate.retries === 0 && threw("not before the run is tried again")(fate)),
    { streams: ["default"] },
  ),
  quotes: shape("streams", streams.quotes, told, { streams: ["default", "other"] }),
  interrupted: shape("streams", streams.interrupted, anyValue, { streams: ["default"] }),
  hurried: shape("streams", streams.hurried, told, { streams: ["default"] }),
  dialogue: shape("streams", streams.dialogue, anyValue, { streams: ["default"] }),
};

export const shapes: Readonly<Record<string, Shape>> = {
  sequence: shape("steps", steps.sequence, returned([0, 1, 2, 3]), { args: [4] }),
  patience: shape(
    "steps",
    steps.patience,
    either(
      where((value: string[], { id }) => same(value, [`${id} a`, "b", "c"])),
      threw("attempt 9 of isLimited"),
      // the attempt that the cancellation interrupted, and that ended in its own way
      (fate) => fate.isCancelAsked && threw("attempt ")(fate),
      // an attempt that was cut off took the place of the one that would have worked
      ({ interruptions, ...fate }) => interruptions > 1 && threw("attempt 4")({ interruptions, ...fate }),
    ),
  ),
  sleeper: shape("steps", steps.sleeper, returned(["awake", "yawn", "up"])),
  fanOut: shape(
    "steps",
    steps.fanOut,
    where(([all, order]: [unknown, unknown[]]) => same(all, [1, 2, 3, 4]) && permutation(order)),
  ),
  race: shape("steps", steps.race, returned(["worked", "after"], ["slept", "after"])),
  early: shape("steps", steps.early, returned(["begun", "second"])),
  blocker: shape("steps", steps.blocker, returned(["blocked", "after"])),

  approval: shape(
    "waits",
    waits.approval,
    where(
      ([first, second, third]: unknown[], { accepted }) =>
        inOrder([first, second], accepted("approve")) && inOrder([third], accepted("confirm")),
    ),
    { signals: ["approve", "approve", "confirm"] },
  ),
  queue: shape(
    "waits",
    waits.queue,
    where((items: unknown[], { accepted }) => items.length === 3 && inOrder(items, accepted("item"))),
    { signals: ["item"] },
  ),
  deadline: shape(
    "waits",
    waits.deadline,
    where((items: unknown[], { accepted }) => items.length === 6 && inOrder(items, accepted("answer"))),
    { signals: ["answer"] },
  ),
  together: shape(
    "waits",
    waits.together,
    where(
      ([left, right, middle]: unknown[], { accepted }) =>
        inOrder([left], accepted("left")) && inOrder([right], accepted("right")) && middle === "middle",
    ),
    { signals: ["left", "right"] },
  ),
  stubborn: shape("waits", waits.stubborn, where(isSticky)),

  child: shape("families", families.child, returned(1, 2, 5), { args: [5] }),
  waitingChild: shape(
    "families",
    families.waitingChild,
    where((value: unknown, { accepted }) => inOrder([value], accepted("go"))),
    { signals: ["go"] },
  ),
  failingChild: shape("families", families.failingChild, threw("always")),
  parent: shape("families", families.parent, returned([1, 2])),
  grandparent: shape(
    "families",
    families.grandparent,
    where(([first]: unknown[]) => same(first, [1, 2])),
  ),
  forgiving: shape(
    "families",
    families.forgiving,
    either(returned("Error forgiven"), ({ interruptions, ...fate }) =>
      returned("CancelledError forgiven", "ProcessDiedError forgiven")({ interruptions, ...fate }),
    ),
  ),
  launcher: shape(
    "families",
    families.launcher,
    where((value: string, { id }) => value === `${id}/s`),
  ),

  tasksInLine: shape("queues", queues.tasksInLine, either(returned([1, 2, 3]), threw("attempt "))),
  failing: shape("queues", queues.failing, returned("done", "given up")),
  keysInTurn: shape("queues", queues.keysInTurn, returned([1, 2, 3, 4, 5])),
  mails: shape("queues", queues.mails, returned([1, 2, 3])),
  mailsInTurn: shape("queues", queues.mailsInTurn, either(returned([1, 2, 3]), threw("attempt "))),
  loser: shape("queues", queues.loser, returned("worked", "slept")),
  nestedTasks: shape("queues", queues.nestedTasks, returned(["a", "b"])),
  inLine: shape("queues", queues.inLine, returned(["first", "second"])),
  waitsInLine: shape(
    "queues",
    queues.waitsInLine,
    where(([, second]: unknown[], { accepted }) => inOrder([second], accepted("go"))),
    { signals: ["go"] },
  ),
  holder: shape("queues", queues.holder, returned(["first", "second"])),
  relative: shape("queues", queues.relative, returned(1, 2), { args: [1] }),
  relatives: shape("queues", queues.relatives, returned([1, 2])),
  pacedRun: shape("queues", queues.pacedRun, returned("done")),

  ...streaming,

  repaired: shape(
    "troubles",
    troubles.repaired,
    either(returned("repaired"), (fate) => fate.retries === 0 && threw("not before the run is tried again")(fate)),
  ),
  handles: shape("troubles", troubles.handles, returned("handled")),
  compensates: shape("troubles", troubles.compensates, returned(["reserved", "confirmed"], ["reserved", "undone"]), {
    signals: ["confirmed"],
    always: "released",
  }),
  shielded: shape("troubles", troubles.shielded, returned(["paid and booked", "after"]), { always: "paid and booked" }),
  careless: shape("troubles", troubles.careless, returned("done")),
  hasty: shape("troubles", troubles.hasty, (fate) =>
    // the last task may have died too often
    (fate.isCancelAsked || fate.interruptions > 2 ? returned("done") : withResult("last", returned("done")))(fate),
  ),
  poisoned: shape(
    "troubles",
    troubles.poisoned,
    ({ status, value }) => status === "failed" && value instanceof Error && value.name === ProcessDiedError.name,
    { isDeadly: true },
  ),
  deadly: shape(
    "troubles",
    troubles.deadly,
    either(returned("survived"), ({ status, value }) => status === "blocked" && value === "RUN_KEEPS_FAILING"),
    { args: [2], isDeadly: true },
  ),
  unstorable: shape("troubles", troubles.unstorable, isBlockedBy("VALUE_NOT_STORABLE")),
  unstorableEnd: shape("troubles", troubles.unstorableEnd, isBlockedBy("VALUE_NOT_STORABLE")),
};

const itsArgument = where((value, { args }) => same(value, args[0]));

/** Those that several starts may share. */
export const gathering = {
  debounced: shape("queues", queues.debounced, itsArgument),
  batched: shape("queues", queues.batched, itsArgument),
  throttled: shape("queues", queues.throttled, itsArgument),
};

/** Those that schedules start. Their argument is the value that they return. */
export const ticking = {
  brief: shape("ticking", runs.brief, itsArgument, { args: [1] }),
  lengthy: shape("ticking", runs.lengthy, itsArgument, { args: [1] }),
  patient: shape(
    "ticking",
    runs.patient,
    where(
      ([first, second]: unknown[], { args, accepted }) => same(first, args[0]) && inOrder([second], accepted("go")),
    ),
    { args: [1], signals: ["go"] },
  ),
  impatient: shape(
    "ticking",
    runs.impatient,
    where(
      ([first, second]: unknown[], { args, accepted }) => same(first, args[0]) && inOrder([second], accepted("go")),
    ),
    { args: [1], signals: ["go"] },
  ),
  tickInLine: shape("ticking", runs.tickInLine, itsArgument, { args: [1] }),
  everyTwelve: shape("ticking", runs.everyTwelve, returned(12)),
};
