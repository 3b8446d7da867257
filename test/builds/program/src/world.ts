import { appendFileSync } from "node:fs";

/** Records an effect outside the program. The process may be killed right after it. */
export function effect(what: string): void {
  const { EFFECTS, KILL_AT } = process.env;
  if (EFFECTS !== undefined) appendFileSync(EFFECTS, `${what}\n`);
  if (what === KILL_AT) process.kill(process.pid, "SIGKILL");
}
