import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Range } from "../model/axis.ts";
import type { Life } from "../model/lives.ts";
import { ancestorsOf, type TreeRow } from "../model/rows.ts";
import type { StepTree } from "../model/tree.ts";
import { useKeys } from "../parts/use-keys.ts";
import { useNarrow } from "../parts/use-narrow.ts";
import { useRows } from "../parts/use-rows.ts";
import { Axis, Backdrop } from "./axis.tsx";
import { StepRow } from "./step-row.tsx";

const ROW = 26;
const STACKED = 46;
/** Height of the head of the page and of the axis, which stay at the top. */
const COVERED = 96;

interface StepGridProps {
  readonly tree: StepTree;
  /** Rises with each change of the tree. */
  readonly version: number;
  readonly rows: readonly TreeRow[];
  readonly lives: readonly Life[];
  readonly now: number;
  /** Begin of the run. */
  readonly origin: number;
  /** What of the time is seen. */
  readonly range: Range;
  readonly onZoom: (range: Range) => void;
  readonly selected: string | undefined;
  readonly onSelect: (step: string | undefined) => void;
  readonly collapsed: ReadonlySet<string>;
  readonly setCollapsed: (collapsed: ReadonlySet<string>) => void;
}

/** The lines of the timeline. One of them takes part in the order of the tab key; the arrow keys go from it to the others. */
export function StepGrid(props: StepGridProps): JSX.Element {
  const { tree, version, rows, lives, now, origin, range, onZoom, selected, onSelect, collapsed, setCollapsed } = props;
  const isNarrow = useNarrow();
  const [activeKey, setActiveKey] = useState(selected);
  const active = Math.max(
    rows.findIndex(({ node }) => node.key === activeKey),
    0,
  );
  const view = useRows({ count: rows.length, height: isNarrow ? STACKED : ROW, active, covered: COVERED });
  const wantsFocus = useRef(false);

  const goTo = (index: number): void => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (!row) return;
    wantsFocus.current = true;
    setActiveKey(row.node.key);
    view.reveal(rows.indexOf(row));
  };
  // not later: the next key may be pressed before the browser has painted
  useLayoutEffect(() => {
    const row = wantsFocus.current && view.ref.current?.querySelector<HTMLElement>(`[aria-rowindex="${active + 2}"]`);
    if (!row) return;
    wantsFocus.current = false;
    row.focus({ preventScroll: true });
  });

  // a step that the address names is shown, even if it came with a later page
  const node = selected === undefined ? undefined : tree.get(selected);
  const hidden = node ? ancestorsOf(node).filter((key) => collapsed.has(key)) : [];
  const isShown = useRef<string>(undefined);
  useEffect(() => {
    if (!node || isShown.current === node.key) return;
    if (hidden.length > 0) {
      setCollapsed(new Set([...collapsed].filter((key) => !hidden.includes(key))));
      return;
    }
    isShown.current = node.key;
    setActiveKey(node.key);
    view.reveal(rows.findIndex((row) => row.node === node));
  }, [node, version, hidden.length]);

  const fold = (row: TreeRow, isOpen: boolean): void => {
    const next = new Set(collapsed);
    if (isOpen) next.delete(row.node.key);
    else next.add(row.node.key);
    setCollapsed(next);
  };
  const open = (row: TreeRow): void => {
    if (!row.node.step) {
      fold(row, row.isExpanded === false);
      return;
    }
    isShown.current = row.node.key;
    onSelect(row.node.key);
  };
  const actions = { goTo, fold, open };
  useKeys({ j: () => goTo(active + 1), k: () => goTo(active - 1) });

  return (
    <div
      class="grid"
      role="treegrid"
      aria-label="Steps of the run"
      aria-rowcount={rows.length + 1}
      onKeyDown={(event) => pressKey(event, rows, active, actions)}
    >
      <Axis {...{ range, origin, lives, onZoom }} count={isNarrow ? 3 : 6} />
      <div class="rows" role="rowgroup" ref={view.ref} style={{ height: `${view.height}px` }}>
        <Backdrop {...{ range, origin, lives }} count={isNarrow ? 3 : 6} />
        {view.items.map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <StepRow
                key={row.node.key}
                row={row}
                index={item.index}
                top={view.topOf(item)}
                range={range}
                now={now}
                isActive={item.index === active}
                isSelected={row.node.key === selected}
                onFold={() => fold(row, row.isExpanded === false)}
                onOpen={() => {
                  setActiveKey(row.node.key);
                  open(row);
                }}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

interface GridActions {
  goTo(index: number): void;
  fold(row: TreeRow, isOpen: boolean): void;
  open(row: TreeRow): void;
}

/** The keys of a tree that is a table, as the ARIA practices describe them. */
function pressKey(event: KeyboardEvent, rows: readonly TreeRow[], active: number, actions: GridActions): void {
  const row = rows[active];
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys: Record<string, () => void> = {
    ArrowDown: () => actions.goTo(active + 1),
    ArrowUp: () => actions.goTo(active - 1),
    PageDown: () => actions.goTo(active + 15),
    PageUp: () => actions.goTo(active - 15),
    Home: () => actions.goTo(0),
    End: () => actions.goTo(rows.length - 1),
    ArrowRight: () => (row.isExpanded === false ? actions.fold(row, true) : actions.goTo(active + 1)),
    ArrowLeft: () =>
      row.isExpanded === true ? actions.fold(row, false) : actions.goTo(parentOf(rows, active) ?? active),
    Enter: () => actions.open(row),
    " ": () => actions.open(row),
  };
  const press = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
  if (!press) return;
  event.preventDefault();
  press();
}

/** The row of the scope that contains a row. */
function parentOf(rows: readonly TreeRow[], index: number): number | undefined {
  const level = rows[index]?.level ?? 1;
  for (let at = index - 1; at >= 0; at -= 1) if ((rows[at]?.level ?? level) < level) return at;
  return undefined;
}
