import { journal } from "./journal.ts";

/** A real pipeline would send the editor a link here. The launcher sees the line in the journal and approves. */
export async function askForApproval(edition: string): Promise<string> {
  "use task";
  return journal(() => `please approve the digest ${edition}`);
}
