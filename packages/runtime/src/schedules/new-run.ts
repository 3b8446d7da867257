import type { NewRun, ScheduleRow } from "@perdure/store";

/** What identifies the run that a schedule starts at this time. */
export const scheduledRunId = (schedule: string, at: number): string => `${schedule}@${new Date(at).toISOString()}`;

/** A run that the schedule starts, under the given code. */
export function scheduledRun(
  { name, workflow, file, input, inputHash }: ScheduleRow,
  id: string,
  given: Pick<NewRun, "code" | "modules" | "codeHistory" | "seed" | "createdAt"> &
    Partial<Pick<NewRun, "workflow" | "file">>,
): NewRun {
  return { id, workflow, file, input, inputHash, schedule: name, ...given };
}
