import { RestatePromise } from "@restatedev/restate-sdk";

/** How many promises the SDK is asked to race at once. */
const WIDTH = 32;

/** A few of the promises, whose race stays until one of them is taken away. */
interface Heat<T> {
  readonly promises: Set<RestatePromise<T>>;
  race: RestatePromise<T> | undefined;
}

/**
 * A race that is run again and again, over many promises that come and go. A promise keeps something of each race that it is in until it is
 * settled, so one race over all of them each time would need memory by the square of their number: these are races of races.
 */
export class Race<T> {
  private readonly heats = new Map<RestatePromise<T>, Heat<T>>();
  private last: Heat<T> | undefined;

  add(promise: RestatePromise<T>): void {
    if (!this.last || this.last.promises.size >= WIDTH) this.last = { promises: new Set(), race: undefined };
    this.last.promises.add(promise);
    this.last.race = undefined;
    this.heats.set(promise, this.last);
  }

  /** False: it was not in the race. */
  delete(promise: RestatePromise<T>): boolean {
    const heat = this.heats.get(promise);
    if (!heat) return false;
    this.heats.delete(promise);
    heat.promises.delete(promise);
    heat.race = undefined;
    return true;
  }

  /** What the first of them that is settled resolves with. */
  winner(): RestatePromise<T> {
    const heats = [...new Set(this.heats.values())];
    return RestatePromise.race(heats.map((heat) => (heat.race ??= RestatePromise.race([...heat.promises]))));
  }
}
