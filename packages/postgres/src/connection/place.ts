import { hostname } from "node:os";
import { checkOptions, PerdureError } from "@perdure/protocol";
import type pg from "pg";
import type { PostgresOptions } from "../options.ts";

/** Where a store is, and how to get there. */
export interface Place {
  /** Appears in messages: the URL without its password. */
  readonly name: string;
  readonly connection: pg.ClientConfig;
  readonly applicationName: string;
  readonly schema: string;
  readonly connections: number;
  readonly timeout: number;
  readonly prepared: boolean;
  /** Commits are durable when they are acknowledged. */
  readonly durable: boolean;
}

/** Milliseconds that a migration may take. One that changes every row of a large table takes long, and it would begin anew each time. */
export const MIGRATION_TIMEOUT = 6 * 3_600_000;

const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/iu;

/** @throws PerdureError `STORE_URL_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID` */
export function placeOf(url: string, options: PostgresOptions): Place {
  const known = checkOptions(
    options,
    { schema: true, connections: true, timeout: true, prepared: true, durability: true },
    "postgresStore()",
  );
  const parsed = parse(url);
  const ours = (name: string): string | undefined => {
    const value = parsed.searchParams.get(name) ?? undefined;
    parsed.searchParams.delete(name);
    return value;
  };
  const fromUrl = { schema: ours("schema"), pgbouncer: ours("pgbouncer") };
  const {
    schema = fromUrl.schema ?? "perdure",
    connections = 10,
    timeout = 10_000,
    prepared = fromUrl.pgbouncer !== "true",
    durability = "full",
  } = known;
  if (!SCHEMA.test(schema) || schema.startsWith("pg_"))
    throw invalid(
      "schema",
      schema,
      "a letter or underscore, then letters, digits and underscores, at most 63, and not pg_ at the beginning",
    );
  for (const [option, value] of Object.entries({ connections, timeout }))
    if (!Number.isInteger(value) || value < 1) throw invalid(option, value, "a whole number above 0");
  if (!["full", "normal"].includes(durability)) throw invalid("durability", durability, '"full" or "normal"');
  return {
    name: nameOf(parsed, schema),
    connection: { connectionString: parsed.href },
    applicationName: `perdure ${hostname()}:${process.pid}`.slice(0, 63),
    schema,
    connections,
    timeout,
    prepared,
    durable: durability === "full",
  };
}

function parse(url: string): URL {
  try {
    const parsed = new URL(url);
    if (["postgres:", "postgresql:"].includes(parsed.protocol)) return parsed;
  } catch {
    // not a URL at all
  }
  throw new PerdureError("STORE_URL_INVALID", { url: url.replace(/:[^:@/]*@/u, ":…@") });
}

function nameOf(url: URL, schema: string): string {
  const user = url.username === "" ? "" : `${url.username}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${schema === "perdure" ? "" : `?schema=${schema}`}`;
}

const invalid = (option: string, value: unknown, expected: string): PerdureError =>
  new PerdureError("OPTION_INVALID", {
    option: `the option ${option} of postgresStore()`,
    value: typeof value === "string" ? `"${value}"` : String(value),
    expected,
  });
