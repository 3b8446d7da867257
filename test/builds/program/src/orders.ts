import { signal } from "perdure";
import { reference } from "./reference.ts";
import { Payments, reserve, ship, type Item } from "./index.ts";

export interface Order {
  readonly total: number;
  readonly paid: string;
  readonly approved: boolean;
  readonly label: string;
  readonly shipped: string;
}

const sum = async (items: readonly Item[]): Promise<number> => {
  const prices = await Promise.all(items.map(async (item) => reserve(item)));
  return prices.reduce((total, price) => total + price, 0);
};

export async function order(id: string, items: readonly Item[]): Promise<Order> {
  "use workflow: id=order-{id}";
  const total = await sum(items);
  const paid = await new Payments().first(["13", "42"], total);
  const approved = await signal<boolean>("approval");
  const { default: print } = await import("./label.ts");
  const [label, shipped] = await Promise.all([print(id, reference()), ship(id, 2)]);
  return { total, paid, approved, label, shipped };
}

export async function refused(): Promise<string> {
  "use workflow: id=refused";
  return Payments.charge("13", 1);
}
