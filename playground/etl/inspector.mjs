import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const port = 4983;

/** Where the inspector of the job is served. The token is kept beside its stores, so that the address can be told before. */
export function inspectorOf(home) {
  const file = `${home}/inspector-token`;
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
  const token = readFileSync(file, "utf8");
  return { port, token, url: `http://127.0.0.1:${port}/#token=${token}` };
}
