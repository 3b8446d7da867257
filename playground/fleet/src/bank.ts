import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

interface Charge {
  readonly idempotencyKey: string;
  readonly order: number;
  readonly cents: number;
  readonly card: string;
}

const pool = new pg.Pool({
  connectionString: process.env["BANK"],
  connectionTimeoutMillis: 1_000,
  query_timeout: 1_000,
  allowExitOnIdle: true,
});
pool.on("error", () => {}); // an idle connection was cut: the next query makes another one

/**
 * The account book of the bank, a table in the same server. A charge that comes again under its idempotency key is counted, and not made again: that is what
 * keeps an attempt harmless whose process died before its checkpoint.
 */
export async function chargeCard({ idempotencyKey, order, cents, card }: Charge): Promise<void> {
  await pool.query(
    `INSERT INTO bank.charges (idempotency_key, "order", cents, card) VALUES ($1, $2, $3, $4)
     ON CONFLICT (idempotency_key) DO UPDATE SET asked = charges.asked + 1`,
    [idempotencyKey, order, cents, card],
  );
  await pause(60); // its answer takes a while, and may come too late
}
