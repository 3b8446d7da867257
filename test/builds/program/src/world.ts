import { appendFileSync } from "node:fs";

/** Something outside of the program sees that `what` happens. The process may die right after it. */
export function effect(what: string): void {
  const { EFFECTS, KILL_AT } = process.env;
  if (EFFECTS !== undefined) appendFileSync(EFFECTS, `${what}\n`);
  if (what === KILL_AT) process.kill(process.pid, "SIGKILL");
}
