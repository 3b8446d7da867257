import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { env } from "node:process";
import { configure } from "perdure";

const home = resolve(env["AGENT_HOME"] ?? ".perdure");

/** What the agent leaves behind. */
export const files = {
  /** One line for each execution of a tool. */
  tools: join(home, "tools.log"),
  /** One line for each e-mail. */
  outbox: join(home, "outbox.log"),
  /** One line for each call of the model. */
  calls: join(home, "calls.log"),
} as const;

mkdirSync(home, { recursive: true });
configure({ store: `sqlite:${join(home, "perdure.db")}` });
