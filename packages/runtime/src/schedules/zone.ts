/** A time zone of the IANA database, such as `Europe/Vienna`. */
export class Zone {
  private readonly format: Intl.DateTimeFormat;

  /** @throws RangeError if there is none of this name */
  constructor(name: string) {
    const number = "numeric";
    this.format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: number,
      month: number,
      day: number,
      hour: number,
      minute: number,
      second: number,
    });
  }

  /** Milliseconds by which its local time is ahead of UTC at this time. */
  offsetAt(time: number): number {
    const second = Math.floor(time / 1000) * 1000;
    const part: Record<string, number> = {};
    for (const { type, value } of this.format.formatToParts(second)) part[type] = Number(value);
    const { year = 0, month = 1, day, hour, minute, second: seconds } = part;
    return Date.UTC(year, month - 1, day, hour, minute, seconds) - second;
  }

  /** The first millisecond after `from`, up to `to`, at which the offset is another than at `from`. It has to be another at `to`. */
  changeBetween(from: number, to: number): number {
    const offset = this.offsetAt(from);
    let [before, after] = [from, to];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.offsetAt(middle) === offset) before = middle;
      else after = middle;
    }
    return after;
  }
}
