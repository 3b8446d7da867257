import { useEffect, useRef, useState } from "preact/hooks";
import type { RunList } from "../../../src/api.ts";
import { filterToParams, type RunFilter } from "../model/filter.ts";
import { mergeRuns } from "../model/merge-runs.ts";
import { isAbort, sentenceOf } from "../net/client.ts";
import { useInspector, type Inspector } from "../net/context.ts";

const PAGE = 200;

export interface LoadedRuns {
  /** Undefined: the first page is on its way. */
  readonly list: RunList | undefined;
  readonly problem: string | undefined;
  /** Tells which rows are seen: they are kept fresh, and older runs are loaded before they are needed. */
  show(first: number, last: number): void;
}

/** The runs of a filter, newest first, in pages. */
export function useRunList(filter: RunFilter): LoadedRuns {
  const inspector = useInspector();
  const { places } = inspector;
  const key = filterToParams(filter).toString();
  const [state, setState] = useState<Omit<LoadedRuns, "show"> & { readonly key: string }>(() => ({
    key,
    list: places.runs?.key === key ? places.runs.list : undefined,
    problem: undefined,
  }));
  const reader = useRef<Reader>(undefined);

  useEffect(() => {
    const known = places.runs?.key === key ? places.runs.list : undefined;
    const next = new Reader(inspector, key, known, (list, problem) => {
      setState({ key, list, problem });
      places.runs = list && { key, list };
    });
    reader.current = next;
    const end = inspector.live.watch({}, async () => {
      await Promise.all([next.refresh(), inspector.readOverview()]);
    });
    return () => {
      end();
      next.stop();
    };
  }, [key]);

  const isCurrent = state.key === key;
  return {
    list: isCurrent ? state.list : undefined,
    problem: isCurrent ? state.problem : undefined,
    show: (first, last) => reader.current?.show(first, last),
  };
}

type Tell = (list: RunList | undefined, problem: string | undefined) => void;

export class Reader {
  private list: RunList | undefined;
  private isLoading = false;
  private readonly abort = new AbortController();
  private seen = { first: 0, last: 0 };
  private readonly inspector: Inspector;
  private readonly filter: string;
  private readonly tell: Tell;

  constructor(inspector: Inspector, filter: string, list: RunList | undefined, tell: Tell) {
    this.list = list;
    this.inspector = inspector;
    this.filter = filter;
    this.tell = tell;
  }

  /** Reads the beginning of the list, and what is seen of the rest. */
  async refresh(): Promise<void> {
    await this.read(undefined, PAGE);
    const { first, last } = this.seen;
    const after = this.list?.runs[first - 1]?.cursor;
    if (last >= PAGE && after !== undefined) await this.read(after, Math.min(PAGE, last - first + 1));
  }

  show(first: number, last: number): void {
    this.seen = { first, last };
    const { list } = this;
    const end = list?.runs.at(-1)?.cursor;
    if (!list?.hasMore || this.isLoading || end === undefined || last < list.runs.length - PAGE / 2) return;
    this.isLoading = true;
    void this.read(end, PAGE).finally(() => {
      this.isLoading = false;
    });
  }

  stop(): void {
    this.abort.abort();
  }

  private async read(after: string | undefined, limit: number): Promise<void> {
    const params = new URLSearchParams(this.filter);
    params.set("limit", String(limit));
    if (after !== undefined) params.set("after", after);
    try {
      const part = await this.inspector.client.get<RunList>("runs", params, this.abort.signal);
      this.list = this.list ? mergeRuns(this.list, after, part) : part;
      this.tell(this.list, undefined);
    } catch (error) {
      if (!isAbort(error)) this.tell(this.list, sentenceOf(error));
    }
  }
}
