import { define } from "./message.ts";

/** The messages about schedules. */
export const scheduleMessages = {
  STORE_WITHOUT_SCHEDULES: define((p: { name: string }) => ({
    text: `the store ${p.name} has no schedules`,
    hint: "use the SQLite store, or one that implements ScheduleStore of the store contract",
  })),
  SCHEDULE_INVALID: define((p: { schedule: string; problem: string }) => ({
    text: `the schedule ${p.schedule} is not valid: ${p.problem}`,
    hint: 'give a cron expression such as "0 6 * * *" or an interval such as "1h", a time zone such as "Europe/Vienna", and a workflow at the top of a module',
  })),
  SCHEDULE_NOT_FOUND: define((p: { schedule: string }) => ({
    text: `there is no schedule ${p.schedule} in this store`,
    hint: "list the existing ones with schedules(), and check which store configure() or $PERDURE_STORE names",
  })),
  SCHEDULE_NOT_LOADED: define((p: { schedule: string; workflow: string; file: string }) => ({
    text: `the schedule ${p.schedule} is due and starts nothing: no loaded module has its workflow ${p.workflow} (${p.file})`,
    hint: `import the module where worker() is called, and have it compiled; if the workflow was renamed, declare the rename in configure({ renames }); if it is gone, call unschedule(${JSON.stringify(p.schedule)})`,
  })),
};
