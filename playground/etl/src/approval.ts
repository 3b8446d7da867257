import { journal } from "./journal.ts";

/** Here the editor would get a message with a link; the launcher sees the line in the journal, and approves. */
export async function askForApproval(edition: string): Promise<string> {
  "use task";
  return journal(() => `please approve the digest ${edition}`);
}
