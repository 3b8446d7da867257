/**
 * Formats of dates in run ids, such as `yyyy-mm-dd`. All are of UTC, so that an id does not depend on the machine. A format consists of these
 * tokens, each at most once, and of characters between them that are neither letters nor digits.
 */
const tokens: Readonly<Record<string, (date: Date) => string>> = {
  yyyy: (date) => padded(date.getUTCFullYear(), 4),
  mm: (date) => padded(date.getUTCMonth() + 1),
  dd: (date) => padded(date.getUTCDate()),
  hh: (date) => padded(date.getUTCHours()),
  mi: (date) => padded(date.getUTCMinutes()),
  ss: (date) => padded(date.getUTCSeconds()),
};

const padded = (value: number, length = 2): string =>
  `${value < 0 ? "-" : ""}${String(Math.abs(value)).padStart(length, "0")}`;

const token = /yyyy|mm|dd|hh|mi|ss/g;

/** What is wrong with a format; undefined for a right one. */
export function dateFormatProblem(format: string): string | undefined {
  const used: readonly string[] = format.match(token) ?? [];
  const [other] = /[\p{L}\p{N}]+/u.exec(format.replaceAll(token, " ")) ?? [];
  if (other !== undefined) return `"${other}" is no part of a date`;
  if (used.length === 0) return "the format is empty";
  const [twice] = used.filter((each, i) => used.indexOf(each) < i);
  if (twice !== undefined) return `"${twice}" appears twice`;
  return used[used.indexOf("hh") + 1] === "mm" && used.includes("hh") ? '"mm" is the month, not the minute' : undefined;
}

/** The date in a format without problems. */
export const formatDate = (date: Date, format: string): string =>
  format.replaceAll(token, (each) => tokens[each]?.(date) ?? each);
