import { configure } from "perdure";
import { postgresStore } from "perdure-postgres";

/** A service would have `configure({ store: "postgres://…" })`. Here all times are short, so that there is something to see within half a minute. */
export const configureShop = (url = process.env["STORE"] ?? ""): void =>
  configure({ store: postgresStore(url, { timeout: 1_000 }), lease: "2s", pollInterval: "200ms", storeTimeout: "2s" });
