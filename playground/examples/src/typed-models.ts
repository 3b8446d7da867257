// Models that are validated on input and restored on replay: the store holds plain data, the workflow gets instances.
import { setTimeout as pause } from "node:timers/promises";
import { close, PerdureError, start, taskOptions, workflowOptions } from "perdure";
import { z } from "zod";

const InvoiceData = z.object({
  reference: z.string().regex(/^INV-\d+$/),
  currency: z.enum(["EUR", "USD"]),
  due: z.iso.date(),
  lines: z
    .array(
      z.object({ description: z.string(), quantity: z.number().int().positive(), unitPrice: z.number().nonnegative() }),
    )
    .min(1),
});

class Invoice {
  readonly data: z.infer<typeof InvoiceData>;

  constructor(data: z.infer<typeof InvoiceData>) {
    this.data = data;
  }

  get total(): number {
    return this.data.lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0);
  }
}

const Request = z.object({ customer: z.string().min(1), reference: z.string() });
type Request = z.infer<typeof Request>;

/** The responses of the accounting system. */
const answers: Readonly<Record<string, string>> = {
  "INV-7": `{ "reference": "INV-7", "currency": "EUR", "due": "2024-03-01", "lines": [
    { "description": "Consulting", "quantity": 10, "unitPrice": 150 }, { "description": "Travel", "quantity": 1, "unitPrice": 340.5 }] }`,
};

/** Returns plain data. `result` turns it into an Invoice, whether the data is new or from the store. */
async function fetchInvoice(reference: string): Promise<Invoice> {
  "use task";
  console.log(`fetching ${reference}`);
  return JSON.parse(answers[reference] ?? "null");
}
taskOptions(fetchInvoice, { result: InvoiceData.transform((data) => new Invoice(data)) });

async function book(reference: string, amount: string): Promise<string> {
  "use task";
  console.log(`booking ${reference}`);
  await pause(800);
  return `${reference} booked: ${amount}`;
}

export async function processInvoice(request: Request): Promise<string> {
  "use workflow: id=invoice-{request.reference}";
  const invoice = await fetchInvoice(request.reference);
  console.log(`an Invoice: ${invoice instanceof Invoice}, total ${invoice.total}`);
  return book(request.reference, `${invoice.data.currency} ${invoice.total.toFixed(2)} for ${request.customer}`);
}
workflowOptions(processInvoice, { input: z.tuple([Request]) });

await start(processInvoice, [{ customer: "", reference: "INV-8" }]).catch((error: unknown) => {
  if (!(error instanceof PerdureError)) throw error;
  console.log(`refused: ${error.code}`);
});
console.log(await processInvoice({ customer: "Acme", reference: "INV-7" }));
await close();
