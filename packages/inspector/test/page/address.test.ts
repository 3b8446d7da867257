import { describe, expect, test } from "vitest";
import {
  filterFromParams,
  filterToParams,
  NO_FILTER,
  toggleStatus,
  type RunFilter,
} from "../../page/src/model/filter.ts";
import { formatRoute, parseRoute, type Route } from "../../page/src/model/route.ts";
import { takeToken } from "../../page/src/net/token.ts";

const filter: RunFilter = {
  statuses: ["blocked", "failed"],
  workflow: "order & more",
  tags: ["eu", "a=b"],
  search: "order-1?#",
  parent: "a/b",
  schedule: "daily & more",
};

describe("the address", () => {
  test.each<Route>([
    { page: "runs", filter: NO_FILTER },
    { page: "runs", filter },
    { page: "run", id: "order/17?a=b#c%20 ü" },
    { page: "run", id: "a", step: "for[1]/b[0]//c[2]" },
    { page: "workflow", name: "order/a" },
    { page: "run", id: "a", view: "timeline" },
    { page: "run", id: "a", view: "conversation", step: "b[0]" },
    { page: "workflows" },
    { page: "queues" },
    { page: "queue", name: "mail/a" },
    { page: "schedules" },
    { page: "waiting" },
  ])("$page survives the way through the address", (route) => {
    expect(parseRoute(formatRoute(route))).toEqual(route);
  });

  test("what nobody knows is said to be unknown, and nothing is the list of runs", () => {
    expect(parseRoute("")).toEqual({ page: "runs", filter: NO_FILTER });
    expect(parseRoute("#/run/")).toEqual({ page: "unknown" });
    expect(parseRoute("#/elsewhere/x")).toEqual({ page: "unknown" });
    expect(parseRoute("#/run/a?view=elsewhere")).toEqual({ page: "run", id: "a" });
    expect(parseRoute("#/run/%E0%A4%A")).toEqual({ page: "run", id: "%E0%A4%A" });
  });

  test("the filter asks the API with the names that stand in the address", () => {
    expect(filterToParams(filter).getAll("status")).toEqual(["blocked", "failed"]);
    expect(filterToParams(NO_FILTER).toString()).toBe("");
    expect(filterFromParams(new URLSearchParams("status=nonsense&status=failed&tag=a&tag=a"))).toEqual({
      ...NO_FILTER,
      statuses: ["failed"],
      tags: ["a"],
    });
  });

  test("a status is added once and taken away again", () => {
    const one = toggleStatus(NO_FILTER, "failed");
    expect(toggleStatus(one, "running").statuses).toEqual(["running", "failed"]);
    expect(toggleStatus(one, "failed")).toEqual(NO_FILTER);
  });
});

describe("the token", () => {
  const placeAt = (hash: string) => {
    const kept = new Map<string, string>();
    const urls: string[] = [];
    return {
      kept,
      urls,
      location: { hash, pathname: "/__perdure/", search: "" },
      history: { replaceState: (_data: unknown, _unused: string, url: string) => void urls.push(url) },
      sessionStorage: {
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => void kept.set(key, value),
      },
    };
  };

  test("it is taken out of the address and kept for the tab", () => {
    const place = placeAt("#token=a-b_c");
    expect(takeToken(place)).toBe("a-b_c");
    expect(place.urls).toEqual(["/__perdure/#/runs"]);
    expect(takeToken({ ...place, location: { ...place.location, hash: "#/runs" } })).toBe("a-b_c");
  });

  test("an address without one stays as it is", () => {
    const place = placeAt("#/runs?search=token=1");
    expect(takeToken(place)).toBeUndefined();
    expect(place.urls).toEqual([]);
  });
});
