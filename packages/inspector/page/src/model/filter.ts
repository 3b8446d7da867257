import type { Status } from "../../../src/api.ts";

/** All statuses, in the order in which people look for them. */
export const STATUSES: readonly Status[] = [
  "running",
  "waiting",
  "pending",
  "blocked",
  "failed",
  "completed",
  "cancelled",
];

/** Which runs are listed. */
export interface RunFilter {
  readonly statuses: readonly Status[];
  readonly workflow: string | undefined;
  readonly tags: readonly string[];
  readonly search: string;
  readonly parent: string | undefined;
  readonly schedule: string | undefined;
}

export const NO_FILTER: RunFilter = {
  statuses: [],
  workflow: undefined,
  tags: [],
  search: "",
  parent: undefined,
  schedule: undefined,
};

/** Parameters in the fragment, and of `api/runs`: both use the same names. */
export function filterToParams({ statuses, workflow, tags, search, parent, schedule }: RunFilter): URLSearchParams {
  return new URLSearchParams([
    ...statuses.map((status) => ["status", status]),
    ...(workflow === undefined ? [] : [["workflow", workflow]]),
    ...tags.map((tag) => ["tag", tag]),
    ...(search === "" ? [] : [["search", search]]),
    ...(parent === undefined ? [] : [["parent", parent]]),
    ...(schedule === undefined ? [] : [["schedule", schedule]]),
  ]);
}

export function filterFromParams(params: URLSearchParams): RunFilter {
  const asked = new Set(params.getAll("status"));
  return {
    statuses: STATUSES.filter((status) => asked.has(status)),
    workflow: params.get("workflow") ?? undefined,
    tags: [...new Set(params.getAll("tag"))],
    search: params.get("search") ?? "",
    parent: params.get("parent") ?? undefined,
    schedule: params.get("schedule") ?? undefined,
  };
}

export const isFiltered = (filter: RunFilter): boolean => filterToParams(filter).size > 0;

/** The filter with one status more, or less. */
export function toggleStatus(filter: RunFilter, status: Status): RunFilter {
  const wanted = new Set(filter.statuses);
  if (!wanted.delete(status)) wanted.add(status);
  return { ...filter, statuses: STATUSES.filter((each) => wanted.has(each)) };
}
