import type { Client } from "perdure/tools";
export type { ActionAnswer, ActionBody, ActionName, ScheduleActionName } from "./api.ts";
import type { ActionAnswer, ActionBody, ActionName, ScheduleActionName } from "./api.ts";

/** A run is executed by the processes that have its workflow. */
const RESUMED = "a worker will resume it";

const answer = (done: boolean, yes: string, no: string): ActionAnswer => ({ done, message: done ? yes : no });

type Act = (client: Client, body: ActionBody) => Promise<ActionAnswer>;

/** What can be done to a run, with a sentence that says what became of it. */
export const actions: Readonly<Record<ActionName, Act>> = {
  async retry(client, { run, force = false }) {
    const done = await (await client.getRun(run)).retry({ force });
    return answer(done, `is tried again: ${RESUMED}`, "has not failed");
  },
  async restart(client, { run }) {
    const done = await (await client.getRun(run)).restart();
    return answer(done, `begins again from the top: ${RESUMED}`, "has not ended: cancel it first");
  },
  async fork(client, { run, from = "", id }) {
    const fork = await (await client.getRun(run)).fork({ from, ...(id !== undefined && { id }) });
    return { done: true, message: `forked as ${fork.id}: ${RESUMED}`, fork: fork.id };
  },
  async cancel(client, { run: id, reason }) {
    const run = await client.getRun(id);
    const done = await run.cancel(reason);
    const isOver = done && (await run.status()) === "cancelled";
    return answer(done, isOver ? "is cancelled" : "will be cancelled: a worker does its clean-up", "has ended");
  },
  async unblock(client, { run }) {
    const done = await (await client.getRun(run)).unblock();
    return answer(done, `is no longer blocked: ${RESUMED}`, "is not blocked");
  },
  async delete(client, { run, force = false }) {
    const done = await (await client.getRun(run)).delete({ force });
    const no = force ? "is executed by a process: cancel it first" : "has not ended: cancel it, or force it";
    return answer(done, "is deleted", no);
  },
  async signal(client, { run, name = "", payload, early = false }) {
    if (!early) await client.getRun(run);
    const done = await client.complete(run, name, payload);
    return answer(done, `has the signal ${name}: if it waits for it, ${RESUMED}`, "has ended");
  },
};

type ActOnSchedule = (client: Client, name: string) => Promise<ActionAnswer>;

/** The same for schedules. Each throws PerdureError `SCHEDULE_NOT_FOUND`. */
export const scheduleActions: Readonly<Record<ScheduleActionName, ActOnSchedule>> = {
  async pause(client, name) {
    await (await client.getSchedule(name)).pause();
    return { done: true, message: "is paused: no tick starts a run" };
  },
  async resume(client, name) {
    const schedule = await client.getSchedule(name);
    await schedule.resume();
    const { next } = await schedule.info();
    return { done: true, message: next ? `goes on at ${next.toISOString()}` : "has no further tick" };
  },
  async run(client, name) {
    const { id } = await (await client.getSchedule(name)).trigger();
    return { done: true, message: `started ${id}: a worker will execute it`, started: id };
  },
  async remove(client, name) {
    await (await client.getSchedule(name)).remove();
    return { done: true, message: "is removed" };
  },
};
