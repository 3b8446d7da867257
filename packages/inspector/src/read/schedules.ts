import type { RunInfo, ScheduleInfo } from "perdure";
import type { Client } from "perdure/tools";
import type { ScheduleItem } from "../api.ts";
import { isMissing, statusOf } from "./items.ts";

/** Milliseconds after which a schedule that is due and does not tick is one that no worker looks after. */
const OVERDUE = 60_000;

export async function scheduleList(client: Client): Promise<ScheduleItem[]> {
  const now = Date.now();
  return Promise.all((await client.schedules()).map((info) => scheduleItem(client, info, now)));
}

async function scheduleItem(client: Client, info: ScheduleInfo, now: number): Promise<ScheduleItem> {
  const { name, workflow, file, expression, timezone, next, last, lastRun, paused, missing, waiting } = info;
  const run = lastRun === undefined ? undefined : await runOf(client, lastRun);
  const isOverdue = next !== undefined && now - next.getTime() > OVERDUE;
  const problem = isOverdue ? "overdue" : missing && client.executes ? "missing" : undefined;
  return {
    name,
    workflow,
    file,
    expression,
    ...(timezone !== undefined && { timezone }),
    ...(next && { next: next.getTime() }),
    ...(last && { last: last.getTime() }),
    ...(lastRun !== undefined && { lastRun }),
    ...(run && { lastStatus: statusOf(run) }),
    paused,
    ...(problem && { problem }),
    waiting,
  };
}

/** It may have been deleted. */
async function runOf(client: Client, id: string): Promise<RunInfo | undefined> {
  try {
    return await (await client.getRun(id)).info();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
