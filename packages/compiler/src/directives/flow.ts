import { isQueueName, parseDuration, type FlowInfo } from "@perdure/protocol";
import type { Argument } from "./arguments.ts";
import { report, type DirectiveProblem } from "./problem.ts";
import { readTemplate, type IdPart } from "./template.ts";
import { bareNumber, flag, integer, invalid } from "./values.ts";

const limitNames = ["concurrency", "perKey", "rate"] as const;

/** The arguments that say what a task or workflow waits for before it begins. */
export const flowNames = ["queue", "key", "priority", ...limitNames] as const;

type Given = ReadonlyMap<string, Argument>;

/** `FlowInfo`, with the template of the key as it is written. */
export type Flow = Omit<FlowInfo, "key"> & { readonly key?: readonly IdPart[] };

export function readFlow(given: Given, found: DirectiveProblem[]): Flow | undefined {
  reportCombinations(given, found);
  const queue = readQueue(given.get("queue"), found);
  const limits = readLimits(given, found);
  const keyArgument = given.get("key");
  const key = keyArgument && readTemplate(keyArgument, found);
  const priority = integer(given.get("priority"), found, Number.NEGATIVE_INFINITY);
  const hold = flag(given.get("hold"), found);
  const flow: Flow = {
    ...(queue !== undefined && { queue }),
    ...(limits !== undefined && { limits }),
    ...(key !== undefined && { key }),
    ...(priority !== undefined && { priority }),
    ...(hold === true && { hold }),
  };
  return Object.keys(flow).length === 0 ? undefined : flow;
}

function reportCombinations(given: Given, found: DirectiveProblem[]): void {
  const [first, ...more] = limitNames.flatMap((name) => given.get(name) ?? []);
  const queue = given.get("queue");
  if (queue && first) {
    const params = {
      names: [first, ...more].map(({ name }) => name),
      beside: "queue",
      advice: "the queue has its limits where it is defined: set limits there, or leave the queue out",
    };
    report(found, "DIRECTIVE_ARGUMENTS_CONFLICT", params, first);
  }
  const needs = (name: string, needed: readonly string[], advice: string): void => {
    const arg = given.get(name);
    if (arg && !needed.some((each) => given.has(each)))
      report(found, "DIRECTIVE_ARGUMENT_MISSING", { owner: name, needed, advice }, arg);
  };
  const withoutQueue =
    "name a queue with queue=…, or limit the function itself, such as with concurrency=5 or rate=10/1m";
  if (!queue) needs("perKey", ["key"], "add what the limit counts by, such as key={customer}");
  needs("key", ["queue", ...limitNames], withoutQueue);
  needs("priority", ["queue", ...limitNames], withoutQueue);
  needs(
    "hold",
    ["queue", ...limitNames],
    "add queue=…, or concurrency=…: it is the slot of a queue that the run keeps while it waits",
  );
}

function readQueue(arg: Argument | undefined, found: DirectiveProblem[]): string | undefined {
  if (!arg) return undefined;
  return isQueueName(arg.value) ? arg.value : invalid(found, arg, "a name of letters, digits, -, _, . and :");
}

function readLimits(given: Given, found: DirectiveProblem[]): FlowInfo["limits"] {
  const concurrency = integer(given.get("concurrency"), found, 1);
  const perKey = integer(given.get("perKey"), found, 1);
  const rate = readRate(given.get("rate"), found);
  if (concurrency === undefined && perKey === undefined && rate === undefined) return undefined;
  return {
    ...(concurrency !== undefined && { concurrency }),
    ...(perKey !== undefined && { perKey }),
    ...(rate !== undefined && { rate }),
  };
}

/** `10/1m`: a number of starts, and the period that they are counted in. */
function readRate(
  arg: Argument | undefined,
  found: DirectiveProblem[],
): { readonly limit: number; readonly per: number } | undefined {
  if (!arg) return undefined;
  const [, count = "", period = ""] = /^(\d{1,9})\s*\/\s*(.+)$/s.exec(arg.value) ?? [];
  const limit = Number(count);
  const per = bareNumber.test(period) ? undefined : parseDuration(period);
  if (limit >= 1 && per !== undefined && per > 0) return { limit, per };
  const isUnit = limit >= 1 && /^[a-z]+$/i.test(period) && parseDuration(`1${period}`) !== undefined;
  const expected = "a whole number above zero, a slash, and a time with its unit, such as 10/1m or 5/1s";
  return invalid(found, arg, expected, isUnit ? `${count}/1${period}` : undefined);
}
