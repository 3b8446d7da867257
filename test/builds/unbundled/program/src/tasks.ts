import { appendFileSync } from "node:fs";

export interface Item {
  readonly name: string;
  readonly parts: number;
}

/** Appends a line to $LOG for each execution. The process is killed in the one that $DIE_IN names. */
function began(step: string): void {
  const { LOG, DIE_IN } = process.env;
  if (LOG !== undefined) appendFileSync(LOG, `${step}\n`);
  if (DIE_IN === step) process.kill(process.pid, "SIGKILL");
}

export async function reserve(item: Item): Promise<string> {
  "use task: retries=2";
  began(`reserve ${item.name}`);
  return `${item.name} reserved`;
}

export const pack = async (name: string, part: number): Promise<number> => {
  "use task";
  began(`pack ${name} ${part}`);
  return part + 1;
};

export class Billing {
  readonly currency: string;

  constructor(currency: string) {
    this.currency = currency;
  }

  async charge(amount: number): Promise<string> {
    "use task: retries=0";
    began(`charge ${amount}`);
    if (amount > 100) throw new RangeError(`${amount} ${this.currency} is too much`);
    return `${amount} ${this.currency}`;
  }

  async chargeAll(amounts: readonly number[]): Promise<string[]> {
    const receipts: string[] = [];
    for (const amount of amounts) receipts.push(await this.charge(amount));
    return receipts;
  }
}
