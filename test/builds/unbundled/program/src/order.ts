import { Billing, packEverything, reserve, type Item } from "./shop.ts";

export interface Receipt {
  readonly id: string;
  readonly reserved: readonly string[];
  readonly packed: readonly number[];
  readonly charged: readonly string[];
  /** The stack frame of the failure. */
  readonly frame: string;
}

export async function order(id: string, items: readonly Item[]): Promise<Receipt> {
  "use workflow: id=order-{id}";
  const billing = new Billing("EUR");
  const reserved = await Promise.all(items.map(async (item) => reserve(item)));
  const packed: number[] = [];
  for (const item of items) packed.push(await packEverything(item));
  const charged = await billing.chargeAll(packed);
  return { id, reserved, packed, charged, frame: await failure(billing) };
}

async function failure(billing: Billing): Promise<string> {
  try {
    return await billing.charge(packedTooMuch);
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : "";
  }
}

const packedTooMuch = 101;

/** The first frame of the project in a stack that starts in a task. */
export async function stackOfATask(): Promise<string> {
  try {
    return await new Billing("USD").charge(packedTooMuch);
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    return stack.split("\n").find((line) => line.includes("tasks.")) ?? stack;
  }
}
