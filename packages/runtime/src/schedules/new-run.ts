import type { NewRun, ScheduleRow } from "@perdure/store";
import { codeOf } from "../definitions/code.ts";
import type { WorkflowDefinition } from "../definitions/definition.ts";
import { newHistory } from "../history/code-spans.ts";
import type { Runtime } from "../process/runtime.ts";
import { conditionsOf } from "../queues/conditions.ts";

/** What identifies the run that a schedule starts at this time. */
export const scheduledRunId = (schedule: string, at: number): string => `${schedule}@${new Date(at).toISOString()}`;

type Given = Pick<NewRun, "code" | "modules"> & Partial<NewRun>;

/** Makes the runs that a schedule starts now. Their ids and seeds alone differ. */
export async function scheduledRuns(
  runtime: Runtime,
  row: ScheduleRow,
  definition: WorkflowDefinition | undefined,
): Promise<(id: string) => NewRun> {
  const { name: schedule, workflow, file, input, inputHash } = row;
  const given = definition ? await ofDefinition(runtime, row, definition) : await ofRecord(runtime, row);
  return (id) => ({ id, seed: runtime.starter.seed(id), workflow, file, input, inputHash, schedule, ...given });
}

/** Under the code that is loaded, in the queue of its workflow. */
async function ofDefinition(runtime: Runtime, row: ScheduleRow, definition: WorkflowDefinition): Promise<Given> {
  const { clock, settings, slots, values } = runtime;
  const { fingerprint: code, text: modules } = codeOf(definition);
  const codeHistory = newHistory(settings.renames);
  const args = values.decode(row.input) as unknown[];
  return {
    workflow: definition.info.name,
    file: definition.module.file,
    code,
    modules,
    ...(codeHistory !== undefined && { codeHistory }),
    ...(await conditionsOf(slots, { definition, args }, clock.now())),
  };
}

/** Under the code that defined the schedule. */
async function ofRecord({ store }: Runtime, { code }: ScheduleRow): Promise<Given> {
  return { code, modules: (await store.getCode(code)) ?? "" };
}
