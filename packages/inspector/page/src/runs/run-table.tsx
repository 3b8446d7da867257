import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RunItem, RunList } from "../../../src/api.ts";
import { formatDuration } from "../model/format.ts";
import { hasEnded } from "../model/permitted.ts";
import { useInspector } from "../net/context.ts";
import { StatusMark } from "../parts/icons.tsx";
import { Remark, RunLink, Time } from "../parts/text.tsx";
import { useKeys } from "../parts/use-keys.ts";
import { useNarrow } from "../parts/use-narrow.ts";
import { useRows } from "../parts/use-rows.ts";

const ROW = 36;
const CARD = 92;
/** Height of the head of the page and of the table, which stay at the top. */
const COVERED = 84;

const COLUMNS = ["Status", "Run", "Workflow", "Created", "Duration", "Details"] as const;

interface RunTableProps {
  readonly list: RunList;
  readonly onShow: (first: number, last: number) => void;
}

/** The runs in a table of which only the rows near what is seen are drawn. */
export function RunTable({ list, onShow }: RunTableProps): JSX.Element {
  const isNarrow = useNarrow();
  const { runs, hasMore } = list;
  const { places } = useInspector();
  const [activeId, setActiveId] = useState(places.activeRun);
  places.activeRun = activeId;
  const active = runs.findIndex(({ id }) => id === activeId);
  const height = isNarrow ? CARD : ROW;
  const rows = useRows({ count: runs.length, height, active, covered: COVERED });
  const { first, last } = rows;
  useEffect(() => onShow(first, last), [first, last, runs]);
  const focusRow = useRowFocus(rows.ref, active);
  useStillView(runs, first, height);

  const move = (step: number) => (event: KeyboardEvent) => {
    event.preventDefault();
    const next = Math.min(Math.max(active + step, 0), runs.length - 1);
    setActiveId(runs[next]?.id);
    rows.reveal(next);
    focusRow();
  };
  useKeys({ j: move(1), k: move(-1) });
  const pressKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") move(1)(event);
    if (event.key === "ArrowUp") move(-1)(event);
  };

  return (
    <div
      class="table runs"
      role="table"
      aria-label="Runs"
      aria-rowcount={hasMore ? -1 : runs.length + 1}
      onKeyDown={pressKey}
    >
      <div class="head" role="rowgroup">
        <div class="row" role="row" aria-rowindex={1}>
          {COLUMNS.map((name) => (
            <div key={name} role="columnheader">
              {name}
            </div>
          ))}
        </div>
      </div>
      <div class="body" role="rowgroup" ref={rows.ref} style={{ height: `${rows.height}px` }}>
        {rows.items.map((item) => {
          const run = runs[item.index];
          return (
            run && (
              <RunRow
                key={run.id}
                run={run}
                index={item.index}
                top={rows.topOf(item)}
                onFocus={() => setActiveId(run.id)}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

/** Gives the focus to the link of the active row, as soon as it is drawn. */
function useRowFocus(body: { readonly current: HTMLElement | null }, active: number): () => void {
  const isWanted = useRef(false);
  const [, redraw] = useState(0);
  // not later: the next key may be pressed before the browser has painted
  useLayoutEffect(() => {
    const link = isWanted.current && body.current?.querySelector<HTMLElement>(`[aria-rowindex="${active + 2}"] a`);
    if (!link) return;
    isWanted.current = false;
    link.focus({ preventScroll: true });
  });
  return () => {
    isWanted.current = true;
    redraw((times) => times + 1);
  };
}

/** Keeps what is seen where it is when runs come or go above it. */
function useStillView(runs: readonly RunItem[], first: number, height: number): void {
  const seen = useRef({ runs, first });
  useLayoutEffect(() => {
    const { runs: before, first: index } = seen.current;
    const id = before[index]?.id;
    if (before === runs || index === 0 || id === undefined) return;
    const now = runs.findIndex((run) => run.id === id);
    if (now >= 0 && now !== index) scrollBy(0, (now - index) * height);
  }, [runs]);
  useLayoutEffect(() => {
    seen.current = { runs, first };
  });
}

interface RunRowProps {
  readonly run: RunItem;
  readonly index: number;
  readonly top: number;
  readonly onFocus: () => void;
}

const RunRow = ({ run, index, top, onFocus }: RunRowProps): JSX.Element => (
  <div
    class="row"
    role="row"
    aria-rowindex={index + 2}
    style={{ transform: `translateY(${top}px)` }}
    onFocusIn={onFocus}
  >
    <div role="cell" class="is-status">
      <StatusMark status={run.status} />
    </div>
    <div role="cell" class="is-id">
      <RunLink id={run.id} />
      {run.tags.map((tag) => (
        <span key={tag} class="tag">
          {tag}
        </span>
      ))}
    </div>
    <div role="cell" class="is-workflow" title={`${run.workflow} in ${run.file}`}>
      {run.workflow}
    </div>
    <div role="cell" class="is-created">
      <Time at={run.createdAt} />
    </div>
    <div role="cell" class="is-duration">
      <Duration run={run} />
    </div>
    <div role="cell" class="is-remark">
      <Remark run={run} />
    </div>
  </div>
);

/** From its creation to its end, or to now. */
export function Duration({ run }: { run: RunItem }): JSX.Element {
  const { now } = useInspector();
  return <>{formatDuration((hasEnded(run) ? (run.endedAt ?? run.updatedAt) : now.value) - run.createdAt)}</>;
}
