import { headlineOf } from "../values/describe.ts";

/** Of something that is tried again and again: whether a failure is another one than the latest, and has to be said. */
export class Failing {
  private latest: string | undefined;

  isNews(error: unknown): boolean {
    const headline = headlineOf(error);
    const isNews = headline !== this.latest;
    this.latest = headline;
    return isNews;
  }

  /** It works. Whether it has failed before. */
  works(): boolean {
    const hasFailed = this.latest !== undefined;
    this.latest = undefined;
    return hasFailed;
  }
}
