import {
  defaultRangeExtractor,
  observeWindowOffset,
  observeWindowRect,
  Virtualizer,
  windowScroll,
  type VirtualItem,
  type VirtualizerOptions,
} from "@tanstack/virtual-core";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";

export interface Rows {
  /** The element that holds the rows. It is as tall as all of them together. */
  readonly ref: RefObject<HTMLDivElement | null>;
  readonly height: number;
  /** The rows that are near what is seen. */
  readonly items: readonly VirtualItem[];
  /** The first and the last row that are seen. */
  readonly first: number;
  readonly last: number;
  /** The position of a row in the element, in pixels. */
  topOf(item: VirtualItem): number;
  /** Scrolls until a row is seen. */
  reveal(index: number): void;
}

interface RowsOptions {
  readonly count: number;
  readonly height: number;
  /** A row that stays in the page though it is not seen, so that it keeps the focus; -1: none. */
  readonly active: number;
  /** Height of what covers the top of the window. */
  readonly covered: number;
}

function withIndex(indexes: number[], index: number, count: number): number[] {
  if (index < 0 || index >= count || indexes.includes(index)) return indexes;
  return index < (indexes[0] ?? count) ? [index, ...indexes] : [...indexes, index];
}

/** Rows of one height in a page that scrolls as a whole. Only those near what is seen are drawn. */
export function useRows({ count, height, active, covered }: RowsOptions): Rows {
  const ref = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const [top, setTop] = useState(0);
  const options: VirtualizerOptions<Window, Element> = {
    count,
    estimateSize: () => height,
    getScrollElement: () => window,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    initialRect: { width: innerWidth, height: innerHeight },
    scrollMargin: top,
    scrollPaddingStart: covered,
    scrollPaddingEnd: 2 * height,
    overscan: 12,
    rangeExtractor: (range) => withIndex(defaultRangeExtractor(range), active, count),
    onChange: () => redraw(undefined),
  };
  const [virtualizer] = useState(() => new Virtualizer(options));
  virtualizer.setOptions(options);
  useEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  useLayoutEffect(() => virtualizer.measure(), [height]);

  // what stands above the rows may grow at any time
  useLayoutEffect(() => {
    const measure = (): void => {
      if (ref.current) setTop(Math.round(ref.current.getBoundingClientRect().top + scrollY));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);

  const { startIndex = 0, endIndex = 0 } = virtualizer.range ?? {};
  return {
    ref,
    first: startIndex,
    last: endIndex,
    height: count * height,
    items: virtualizer.getVirtualItems(),
    topOf: ({ start }) => start - top,
    reveal: (index) => virtualizer.scrollToIndex(index, { align: "auto" }),
  };
}
