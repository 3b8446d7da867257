// A loop over records. Every iteration has its own checkpoint, without a name chosen by hand.
import { setTimeout as pause } from "node:timers/promises";
import { close } from "perdure";

interface Contact {
  readonly id: string;
  readonly email?: string;
}

async function loadContacts(batch: string): Promise<Contact[]> {
  "use task";
  console.log(`loading ${batch}`);
  return Array.from({ length: 8 }, (_, i) => ({ id: `contact-${i}`, ...(i !== 2 && { email: `${i}@example.com` }) }));
}

async function findEmail(contact: Contact): Promise<string> {
  "use task";
  console.log(`looking for the address of ${contact.id}`);
  return `${contact.id}@example.com`;
}

async function push(id: string, email: string): Promise<void> {
  "use task: retries=2, backoff=constant(1s)";
  console.log(`pushing ${id} ${email}`);
  await pause(60);
}

export async function syncContacts(batch: string): Promise<number> {
  "use workflow: id=crm-sync-{batch}";
  const contacts = await loadContacts(batch);
  for (const contact of contacts) {
    // A step in only one iteration. It does not change the ids of the others.
    const email = contact.email ?? (await findEmail(contact));
    await push(contact.id, email);
  }
  return contacts.length;
}

console.log(`done: ${await syncContacts("2024-01")} contacts`);
await close();
