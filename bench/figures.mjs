/** From what was measured to what is shown. */

/** What a workload gives: itself, or its parts. */
export const partsOf = (workload) =>
  (workload.parts ?? [workload]).map(({ name, of, unit = "µs", units = 1, is = "ratio", goal }) => ({
    name,
    of,
    unit,
    units,
    is,
    goal,
  }));

export const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const rounded = (value) => Number(value.toPrecision(3));

/** Times are measured in milliseconds. */
const factors = { ns: 1e6, µs: 1e3 };

const compared = {
  ratio: ({ perdure, limit }) => perdure / limit,
  difference: ({ perdure, limit }) => perdure - limit,
  alone: ({ perdure }) => perdure,
};

/**
 * The figure of a part over all turns. `figure` is the median of what single turns give, since the sides of a turn have the same disk and
 * processor at about the same time. `best` compares the best of each side, which other programs of the machine disturb least.
 */
export function figureOf({ name, of, unit, units, is, goal }, turns) {
  const side = (turn, key) => {
    const taken = of === undefined ? turn[key] : turn[key]?.[of];
    return taken === undefined ? undefined : (taken * (factors[unit] ?? 1)) / units;
  };
  const pairs = turns.map((turn) => ({ limit: side(turn, "limit"), perdure: side(turn, "perdure") }));
  const each = pairs.map(compared[is]);
  const all = (key) => pairs.map((pair) => pair[key]);
  return {
    name,
    unit,
    is,
    ...(is !== "alone" && { limit: rounded(median(all("limit"))) }),
    perdure: rounded(median(all("perdure"))),
    figure: rounded(median(each)),
    min: rounded(Math.min(...each)),
    max: rounded(Math.max(...each)),
    ...(is === "ratio" && { best: rounded(Math.min(...all("perdure")) / Math.min(...all("limit"))) }),
    ...(goal !== undefined && { goal }),
  };
}

/** How many times its earlier ratio a workload may take. Less would fail on a machine that does something else at the same time. */
const MOST = 2;

/** Why the gate fails: ratios that have become more than twice what they were, or were not known. Only ratios: times differ between machines. */
export function regressions(figures, earlier) {
  const before = new Map(earlier.map((figure) => [figure.name, figure.best]));
  return figures.flatMap(({ name, is, best }) => {
    const was = before.get(name);
    if (is !== "ratio") return [];
    if (was === undefined) return [{ name, text: "has no earlier ratio" }];
    return best > was * MOST
      ? [{ name, text: `${best} × its limit, more than ${MOST} times the earlier ${was} ×` }]
      : [];
  });
}
