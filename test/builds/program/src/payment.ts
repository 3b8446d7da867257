import { effect } from "./world.ts";

export class Declined extends Error {
  override readonly name = "Declined";
  readonly card: string;

  constructor(card: string) {
    super(`card ${card} was declined`);
    this.card = card;
  }
}

export class Payments {
  static async charge(card: string, amount: number): Promise<string> {
    "use task: retries=0";
    effect(`charge ${amount}`);
    if (card === "13") throw new Declined(card);
    return `${amount} from ${card}`;
  }

  /** Tries one card after the other. */
  async first(cards: readonly string[], amount: number): Promise<string> {
    for (const card of cards) {
      try {
        return await Payments.charge(card, amount);
      } catch (error) {
        if (!(error instanceof Declined) || error.card !== card) throw error;
      }
    }
    return "unpaid";
  }
}
