import type { QueueInfo } from "perdure";

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
  ["millisecond", 1],
] as const;

/** The limits of a queue in words: `5 at once, 1 a key, 10 a minute`. */
export function limitsText({ concurrency, perKey, rate }: Pick<QueueInfo, "concurrency" | "perKey" | "rate">): string {
  const limits = [
    ...(concurrency === undefined ? [] : [`${concurrency} at once`]),
    ...(perKey === undefined ? [] : [`${perKey} a key`]),
    ...(rate ? [`${rate.limit} ${periodText(rate.per)}`] : []),
  ];
  return limits.join(", ") || "none";
}

/** In the largest unit that gives a whole number: `a minute`, `in 90 seconds`. */
function periodText(milliseconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => milliseconds % each === 0) ?? ["millisecond", 1];
  const count = milliseconds / size;
  if (count === 1) return `${unit === "hour" ? "an" : "a"} ${unit}`;
  return `in ${count} ${unit}s`;
}
