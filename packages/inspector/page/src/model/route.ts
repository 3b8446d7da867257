import { filterFromParams, filterToParams, NO_FILTER, type RunFilter } from "./filter.ts";

/** What is shown of a run: what its models and tools have said, or its steps. */
export type RunViewName = "conversation" | "timeline";

/** What the fragment of the address shows. */
export type Route =
  | { readonly page: "runs"; readonly filter: RunFilter }
  | { readonly page: "run"; readonly id: string; readonly step?: string; readonly view?: RunViewName }
  | { readonly page: "workflows" }
  | { readonly page: "workflow"; readonly name: string }
  | { readonly page: "queues" }
  | { readonly page: "queue"; readonly name: string }
  | { readonly page: "schedules" }
  | { readonly page: "waiting" }
  | { readonly page: "unknown" };

export function parseRoute(fragment: string): Route {
  const [path = "", query = ""] = splitOnce(fragment.replace(/^#/u, ""), "?");
  const params = new URLSearchParams(query);
  const [page = "", name] = splitOnce(path.replace(/^\//u, ""), "/").map(decode);
  if (page === "" || page === "runs") return { page: "runs", filter: filterFromParams(params) };
  if (page === "workflows" || page === "queues" || page === "schedules" || page === "waiting") return { page };
  if (name === undefined || name === "") return { page: "unknown" };
  if (page === "workflow" || page === "queue") return { page, name };
  if (page !== "run") return { page: "unknown" };
  const step = params.get("step");
  const view = (["conversation", "timeline"] as const).find((each) => each === params.get("view"));
  return { page, id: name, ...(step !== null && { step }), ...(view && { view }) };
}

export function formatRoute(route: Route): string {
  switch (route.page) {
    case "runs":
      return `#/runs${queryOf(filterToParams(route.filter))}`;
    case "run":
      return `#/run/${encodeURIComponent(route.id)}${queryOf(paramsOf({ view: route.view, step: route.step }))}`;
    case "workflow":
    case "queue":
      return `#/${route.page}/${encodeURIComponent(route.name)}`;
    case "workflows":
    case "queues":
    case "schedules":
    case "waiting":
      return `#/${route.page}`;
    case "unknown":
      return "#/runs";
  }
}

export const toRuns = (filter: Partial<RunFilter> = {}): string =>
  formatRoute({ page: "runs", filter: { ...NO_FILTER, ...filter } });

export const toRun = (id: string, step?: string, view?: RunViewName): string =>
  formatRoute({ page: "run", id, ...(step !== undefined && { step }), ...(view && { view }) });

export const toWorkflow = (name: string): string => formatRoute({ page: "workflow", name });

export const toQueue = (name: string): string => formatRoute({ page: "queue", name });

const paramsOf = (values: Readonly<Record<string, string | undefined>>): URLSearchParams =>
  new URLSearchParams(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

const queryOf = (params: URLSearchParams): string => (params.size === 0 ? "" : `?${params.toString()}`);

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** A part of the path; one that somebody broke by hand is taken as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
