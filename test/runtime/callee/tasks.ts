/** The tasks, and a helper, of a module in whose place the test puts other functions. */
export const effects: string[] = [];

export async function charge(n: number): Promise<number> {
  "use task: retries=0";
  effects.push(`charge ${n}`);
  return n * 10;
}

export async function twice(n: number): Promise<number> {
  return (await charge(n)) + (await charge(n));
}

export class Bank {
  async pay(n: number): Promise<number> {
    "use task: retries=0";
    effects.push(`pay ${n}`);
    return n;
  }
}

export const bank = new Bank();
