import { readFile } from "node:fs/promises";
import { csvParse } from "d3-dsv";

export type Row = Readonly<Record<string, unknown>>;

/** The rows of a CSV file, or of a JSON file that contains an array of objects. */
export async function readRows(path: string): Promise<Row[]> {
  const content = await readFile(path, "utf8");
  if (path.endsWith(".csv")) return [...csvParse(content)];
  const rows: unknown = JSON.parse(content);
  if (Array.isArray(rows) && rows.every(isRow)) return rows;
  throw new Error(`${path} is not an array of objects`);
}

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null;

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new Error(`no ${column} in ${JSON.stringify(row)}`);
}

export function number(row: Row, column: string): number {
  const value = Number(text(row, column));
  if (Number.isFinite(value)) return value;
  throw new Error(`${column} is not a number in ${JSON.stringify(row)}`);
}

/** A number that may be missing. */
export const maybeNumber = (row: Row, column: string): number | undefined =>
  row[column] === null || row[column] === "" ? undefined : number(row, column);
