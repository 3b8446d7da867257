import { appendFileSync } from "node:fs";

/** Records an external effect; the process may be killed right after it. */
function effect(what: string): void {
  const { EFFECTS, KILL_AT } = process.env;
  if (EFFECTS !== undefined) appendFileSync(EFFECTS, `${what}\n`);
  if (what === KILL_AT) process.kill(process.pid, "SIGKILL");
}

async function step(what: string, id: string): Promise<string> {
  "use task";
  effect(`${what} ${id}`);
  return `${what} ${id}`;
}

export async function order(id: string): Promise<string> {
  "use workflow: id=order-{id}";
  const done: string[] = [];
  for (const what of ["reserve", "charge", "ship"]) done.push(await step(what, id));
  return done.join(", ");
}
