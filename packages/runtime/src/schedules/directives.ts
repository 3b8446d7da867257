import type { ScheduleInfo } from "@perdure/protocol";
import type { ScheduleRow } from "@perdure/store";
import type { WorkflowDefinition } from "../definitions/definition.ts";
import { workflowNames, workflowsNamed } from "../definitions/registry.ts";
import { findWorkflow } from "../definitions/workflows.ts";
import type { ProcessContext } from "../process/context.ts";
import { isOfTheStore } from "../process/followers.ts";
import { headlineOf } from "../values/describe.ts";
import { putSchedule, scheduleStore, type ScheduleOptions } from "./define.ts";

/** Records the schedules of the directives of all loaded workflows, and removes those whose workflow says so no more. */
export async function syncDirectives(context: ProcessContext): Promise<void> {
  const { log } = context;
  const wanted = new Map<string, WorkflowDefinition>();
  for (const name of workflowNames())
    for (const each of workflowsNamed(name)) if (each.info.schedule) wanted.set(nameOf(each), each);
  const store = await scheduleStore(context);
  for (const [name, definition] of wanted) {
    const { schedule } = definition.info;
    try {
      if (schedule) await putSchedule(context, { name, ...whenOf(schedule), definition, args: [], directive: true });
    } catch (error) {
      if (isOfTheStore(error)) throw error;
      log.error(headlineOf(error), { schedule: name, workflow: definition.info.name });
    }
  }
  for (const row of await store.listSchedules())
    if (row.directive && isGone(row, context, wanted)) {
      log.info(
        `the schedule ${row.name} is removed: the directive of ${row.workflow} (${row.file}) does not have it any more`,
        {},
      );
      await store.deleteSchedule({ name: row.name, revision: row.revision });
    }
}

/** The name of the workflow. Where several modules have one of this name, with the file. */
function nameOf({ info: { name }, module }: WorkflowDefinition): string {
  const scheduled = workflowsNamed(name).filter(({ info }) => info.schedule);
  return scheduled.length === 1 ? name : `${module.file}#${name}`;
}

function whenOf(info: ScheduleInfo): { readonly when: string | number; readonly options: ScheduleOptions } {
  if ("cron" in info) {
    const { cron, ...options } = info;
    return { when: cron, options };
  }
  const { every, ...options } = info;
  return { when: every, options };
}

/** Whether the workflow is loaded, and its directive has no such schedule. */
function isGone(row: ScheduleRow, { settings }: ProcessContext, wanted: ReadonlyMap<string, unknown>): boolean {
  try {
    return (
      !wanted.has(row.name) && findWorkflow({ name: row.workflow, file: row.file }, settings.renames) !== undefined
    );
  } catch {
    return false; // several files have a workflow of this name
  }
}
