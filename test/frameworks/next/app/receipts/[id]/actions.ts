"use server";

async function write(id: string): Promise<string> {
  "use task";
  return `receipt ${id}`;
}

// beside a server action that a client component imports: Next leaves only a reference to it in what browsers get
async function receipt(id: string): Promise<string> {
  "use workflow: id=receipt-{id}";
  return write(id);
}

export async function getReceipt(id: string): Promise<string> {
  return receipt(id);
}
